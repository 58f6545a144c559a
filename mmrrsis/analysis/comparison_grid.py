# Copyright (c) mmrrsis contributors.
"""Predictions of several models side by side (CD2FSAN, Figures 6 to 8)."""

import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure

from mmrrsis.visualization import GT_COLOR, PRED_COLOR, SheetRow, draw_mask

from .paper_figure import new_figure, paper_style

_GAP = 0.06  # inches
_LINE = 0.17  # inches, one line of an expression
_CHARACTER = 0.075  # inches, width of a character; of bold and of larger ones more
_PAGE = 7.0  # inches
_OPACITY = 0.5


@paper_style
def draw_comparison_grid(rows: Sequence[Sequence[SheetRow]], models: Sequence[str], title: str) -> Figure:
    """Draw one row per sample: image, ground truth, and every model's prediction with its IoU.

    The expression stands above its row. Tiles grow to fill a page of 7 inches, up to 2 inches each. IoUs are those at
    the size of the images; the metric compares at the input of the network unless it is told otherwise.

    Args:
        rows: By sample, one :class:`SheetRow` per model, in the order of ``models``. Image, expression and ground
            truth are taken from the first.
        models: Headings of the models' columns.
        title: Written above.

    Returns:
        The figure.

    Raises:
        ValueError: If there is no row or no model, or a row does not have one prediction per model.
    """
    if not rows or not models:
        raise ValueError('A comparison needs at least one sample and one model.')
    for number, row in enumerate(rows, start=1):
        if len(row) != len(models):
            raise ValueError(f'Row {number} has {len(row)} predictions for the {len(models)} models {list(models)}.')
    columns = 2 + len(models)
    tile = min(2.0, (_PAGE - _GAP) / columns - _GAP)
    width = _GAP + columns * (tile + _GAP)
    texts = [textwrap.wrap(row[0].expression, int(width / _CHARACTER)) for row in rows]
    names = [textwrap.wrap(name, int(tile / (1.2 * _CHARACTER))) for name in ('image', 'ground truth', *models)]
    titles = textwrap.wrap(title, int(width / (1.15 * _CHARACTER)))
    head = 0.1 + 0.19 * len(titles) + 0.08 + _LINE * max(map(len, names))
    height = head + 0.05 + sum(_LINE * len(lines) + 0.1 + tile + 0.05 for lines in texts) + _GAP
    figure = new_figure(width, height, layout=None)
    figure.text(0.5, 1 - 0.08 / height, '\n'.join(titles), ha='center', va='top', fontsize=11)
    for column, lines in enumerate(names):
        x = (_GAP + column * (tile + _GAP) + tile / 2) / width
        figure.text(x, 1 - (head - 0.02) / height, '\n'.join(lines), ha='center', va='bottom', weight='bold')
    top = head + 0.05  # inches from the upper edge
    for row, lines in zip(rows, texts, strict=True):
        figure.text(_GAP / width, 1 - (top + 0.05) / height, '\n'.join(lines), va='top', style='italic')
        top += _LINE * len(lines) + 0.1 + tile
        image, truth = row[0].image, row[0].gt_mask
        pictures = [image, draw_mask(image, truth, GT_COLOR, _OPACITY)]
        pictures += [draw_mask(image, sample.pred_mask, PRED_COLOR, _OPACITY) for sample in row]
        for column, picture in enumerate(pictures):
            axis = figure.add_axes(
                ((_GAP + column * (tile + _GAP)) / width, 1 - top / height, tile / width, tile / height)
            )
            axis.imshow(picture, interpolation='antialiased')
            axis.set_axis_off()
            if column >= 2:
                axis.text(
                    0.97, 0.03, f'IoU {row[column - 2].iou:.2f}', transform=axis.transAxes, ha='right', va='bottom',
                    fontsize=9, bbox=dict(facecolor='white', edgecolor='none', alpha=0.85, pad=1.5),
                )  # fmt: skip
        top += 0.05
    return figure
