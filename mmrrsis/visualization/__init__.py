# Copyright (c) mmrrsis contributors.
"""Pictures of samples: masks over images, sentences, contact sheets, MMEngine's visualizer."""

from .contact_sheet import SheetRow, draw_contact_sheet
from .mask_overlay import GT_COLOR, PRED_COLOR, draw_mask, draw_prediction, draw_text_band
from .referring_visualizer import ReferringVisualizer

__all__ = [
    'GT_COLOR',
    'PRED_COLOR',
    'ReferringVisualizer',
    'SheetRow',
    'draw_contact_sheet',
    'draw_mask',
    'draw_prediction',
    'draw_text_band',
]
