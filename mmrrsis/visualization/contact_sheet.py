# Copyright (c) mmrrsis contributors.
"""A page of samples: image, expression, ground truth, prediction."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .mask_overlay import GT_COLOR, PRED_COLOR, draw_mask

_TITLES = ('image', 'expression', 'ground truth', 'prediction')
_TILE_INCHES = 2.4
_DPI = 100


@dataclass
class SheetRow:
    """One row of a contact sheet.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        expression: The referring expression.
        gt_mask: ``(H, W)`` bool.
        pred_mask: ``(H, W)`` bool.
    """

    image: np.ndarray
    expression: str
    gt_mask: np.ndarray
    pred_mask: np.ndarray

    @property
    def iou(self) -> float:
        """IoU of both masks at the image's size, 0 when both are empty (the published protocol)."""
        union = int(np.count_nonzero(self.gt_mask | self.pred_mask))
        return int(np.count_nonzero(self.gt_mask & self.pred_mask)) / union if union else 0.0


def draw_contact_sheet(rows: Sequence[SheetRow], out_file: str | Path, title: str = '') -> Path:
    """Draw samples under one another and save them as a picture.

    Args:
        rows: The samples, at least one.
        out_file: File to write; its folder is made. The suffix decides the format.
        title: Written above the sheet.

    Returns:
        ``out_file``.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError('A contact sheet needs at least one row.')
    head = 0.9 if title else 0.4  # inches
    height = len(rows) * (_TILE_INCHES + 0.1) + head
    figure = Figure(figsize=(4 * _TILE_INCHES + 0.3, height), dpi=_DPI, facecolor='white')
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows), 4, squeeze=False)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.005, top=1 - head / height, wspace=0.04, hspace=0.04)
    if title:
        figure.suptitle(title, fontsize=12, y=1 - 0.2 / height, va='top', parse_math=False)
    for axis, column in zip(axes[0], _TITLES, strict=True):
        axis.set_title(column, fontsize=11)
    for line, row in zip(axes, rows, strict=True):
        pictures = {
            0: row.image,
            2: draw_mask(row.image, row.gt_mask, GT_COLOR),
            3: draw_mask(row.image, row.pred_mask, PRED_COLOR),
        }
        for index, axis in enumerate(line):
            axis.set_axis_off()
            if index in pictures:
                axis.imshow(pictures[index], interpolation='antialiased')
        text = '\n'.join(textwrap.wrap(row.expression, 26))
        line[1].text(0.5, 0.55, text, fontsize=10, ha='center', va='center', parse_math=False)
        line[1].text(0.5, 0.08, f'IoU {row.iou:.2f}', fontsize=10, ha='center', va='center', weight='bold')
        line[1].set(xlim=(0, 1), ylim=(0, 1))
    out_file = Path(out_file)
    out_file.parent.mkdir(parents=True, exist_ok=True)
    canvas.print_figure(out_file, dpi=_DPI)
    return out_file
