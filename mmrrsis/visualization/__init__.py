# Copyright (c) mmrrsis contributors.
"""Pictures of masks, samples and training runs."""

from .contact_sheet import SheetRow, draw_contact_sheet
from .mask_overlay import GT_COLOR, PRED_COLOR, draw_mask
from .read_image import read_image
from .referring_visualizer import ReferringVisualizer, predicted_mask
from .text_band import draw_text_band
from .training_curves import TrainingHistory, draw_training_curves, read_history

__all__ = [
    'GT_COLOR',
    'PRED_COLOR',
    'ReferringVisualizer',
    'SheetRow',
    'TrainingHistory',
    'draw_contact_sheet',
    'draw_mask',
    'draw_text_band',
    'draw_training_curves',
    'predicted_mask',
    'read_history',
    'read_image',
]
