# Copyright (c) mmrrsis contributors.
"""Show results: masks over the view of an image, and tables as HTML."""

from collections.abc import Collection
from html import escape

import cv2
import numpy as np

from mmrrsis.images import reduced_shape
from mmrrsis.visualization import draw_mask

from .segmentation import LayerChoices, Segmentation
from .user_input import PictureSource

#: Longer side of the view in pixels.
VIEW_SIDE = 1024
#: Colours (R, G, B) of the expressions, in their order; they differ in lightness as well as in hue.
COLORS = ((255, 40, 120), (0, 200, 255), (255, 200, 0), (120, 80, 255), (0, 220, 120), (255, 120, 30))


def _to_view(plane: np.ndarray, interpolation: int) -> np.ndarray:
    """Reduce ``(h, w, ...)`` to at most ``VIEW_SIDE``; it is never enlarged."""
    shape = reduced_shape(plane.shape[:2], VIEW_SIDE)
    return plane if shape == plane.shape[:2] else cv2.resize(plane, shape[::-1], interpolation=interpolation)


def draw_source(source: PictureSource) -> np.ndarray:
    """Return the view of an image, ``(h, w, 3)`` uint8 RGB."""
    return _to_view(source.image, cv2.INTER_AREA)


def draw_overlay(
    segmentation: Segmentation, threshold: float, opacity: float, shown: Collection[int] | None = None
) -> np.ndarray:
    """Draw masks over the view of their image.

    Args:
        segmentation: A run of the model.
        threshold: A pixel belongs to a mask when its probability is above this, in [0, 1].
        opacity: Share of the colour inside a mask, in [0, 1]; outlines are always drawn.
        shown: Positions of the expressions whose masks are drawn; None draws all.

    Returns:
        ``(h, w, 3)`` uint8 RGB.
    """
    view = draw_source(segmentation.source)
    for index, mask in enumerate(segmentation.masks(threshold)):
        if shown is None or index in shown:
            # The mean of zeros and ones: a pixel of the view shows what most of its pixels are.
            share = _to_view(mask.astype(np.float32), cv2.INTER_AREA)
            view = draw_mask(view, share > 0.5, COLORS[index], opacity)
    return view


def _swatch(index: int) -> str:
    red, green, blue = COLORS[index]
    return f'<span class="swatch" style="background: rgb({red}, {green}, {blue})"></span>'


def _share(share: float) -> str:
    """Write a share of the image; a mask of few pixels is not shown as none."""
    return '< 0.1%' if 0 < share < 0.001 else f'{share:.1%}'


def _heat(weight: float) -> str:
    """Return the colours of a cell: white at 0 to dark blue at 1, with text that is legible on it."""
    red, green, blue = (round(255 + weight * (full - 255)) for full in (8, 81, 156))
    return f'background: rgb({red}, {green}, {blue}); color: {"#fff" if weight > 0.5 else "#111"}'


def mask_table(segmentation: Segmentation, threshold: float) -> str:
    """Return a table of the masks: colour, expression, share of the image, mean probability inside."""
    rows = []
    summaries = segmentation.summaries(threshold)
    for index, (expression, summary) in enumerate(zip(segmentation.expressions, summaries, strict=True)):
        if summary.share > 0:
            figures = f'<td class="number">{_share(summary.share)}</td><td class="number">{summary.score:.2f}</td>'
        else:
            figures = (
                f'<td colspan="2" class="empty">nothing above {threshold:.2f}; highest {summary.highest:.2f}</td>'
            )
        rows.append(f'<tr><td class="words">{_swatch(index)}{escape(expression)}</td>{figures}</tr>')
    return (
        '<div class="scroll"><table class="results"><thead><tr><th>Expression</th><th class="number">Share</th>'
        f'<th class="number">Probability</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        '<p class="note">Share of the image that is in the mask, and mean probability inside.</p>'
    )


def layer_table(segmentation: Segmentation) -> str:
    """Return a table of the layers: expressions down, candidates across; those that were chosen are framed.

    Empty for a model that chooses no layers.
    """
    choices: LayerChoices = segmentation.layer_choices
    if not choices:
        return ''
    last = int(choices.layers[0, -1])
    heads = ''.join(f'<th class="cell">{layer}</th>' for layer in choices.candidate_layers)
    rows = []
    for index, (expression, scores, layers) in enumerate(
        zip(segmentation.expressions, choices.scores, choices.layers, strict=True)
    ):
        cells = []
        for layer, score in zip(choices.candidate_layers, scores, strict=True):
            kind = 'cell chosen' if layer in layers[:-1] else 'cell'
            cells.append(f'<td class="{kind}" style="{_heat(score)}">{score:.2f}</td>')
        rows.append(
            f'<tr><td class="words">{_swatch(index)}{escape(expression)}</td>{"".join(cells)}'
            '<td class="cell always">✓</td></tr>'
        )
    note = (
        '<p class="note">Layers of the CLIP image encoder, counted from 1, with the weight that DFSM gives to each. '
        f'The two framed ones are taken for this expression, the last layer, {last}, for all.</p>'
    )
    return (
        f'<div class="scroll"><table class="layers"><thead><tr><th>Expression</th>{heads}<th class="cell">{last}</th>'
        f'</tr></thead><tbody>{"".join(rows)}</tbody></table></div>{note}'
    )
