# Copyright (c) mmrrsis contributors.
"""Pictures of masks, samples and training runs."""

from .comparison_grid import draw_comparison_grid
from .contact_sheet import SheetRow, draw_contact_sheet
from .cost_bubbles import CostEntry, draw_cost_bubbles, read_costs
from .layer_heatmap import LayerCounts, draw_layer_heatmap
from .mask_overlay import GT_COLOR, PRED_COLOR, draw_mask
from .paper_figure import check_figure_suffix, save_figure
from .read_image import read_image
from .referring_visualizer import ReferringVisualizer
from .size_bars import draw_size_bars, read_size_scores
from .table_costs import join_table_costs
from .text_band import draw_text_band
from .training_curves import TrainingHistory, draw_training_curves, read_history

__all__ = [
    'GT_COLOR',
    'PRED_COLOR',
    'CostEntry',
    'LayerCounts',
    'ReferringVisualizer',
    'SheetRow',
    'TrainingHistory',
    'check_figure_suffix',
    'draw_comparison_grid',
    'draw_contact_sheet',
    'draw_cost_bubbles',
    'draw_layer_heatmap',
    'draw_mask',
    'draw_size_bars',
    'draw_text_band',
    'draw_training_curves',
    'join_table_costs',
    'read_costs',
    'read_history',
    'read_image',
    'read_size_scores',
    'save_figure',
]
