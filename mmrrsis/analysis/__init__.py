# Copyright (c) mmrrsis contributors.
"""What the tools of ``tools/analysis`` compute and draw: costs, tables of papers, figures."""

from .ablation_table import AblationTable, TableError, TableRow, find_tables, write_on_other_base
from .comparison_grid import draw_comparison_grid
from .complexity import Cost, count_complexity, example_batch
from .cost_bubbles import draw_cost_bubbles
from .costs import CostEntry, join_table_costs, read_costs
from .layer_heatmap import LayerCounts, draw_layer_heatmap
from .paper_figure import check_figure_suffix, save_figure
from .samples import build_dataset, predict_samples
from .size_bars import draw_size_bars, read_size_scores
from .training_curves import TrainingHistory, draw_training_curves, read_history

__all__ = [
    'AblationTable',
    'Cost',
    'CostEntry',
    'LayerCounts',
    'TableError',
    'TableRow',
    'TrainingHistory',
    'build_dataset',
    'check_figure_suffix',
    'count_complexity',
    'draw_comparison_grid',
    'draw_cost_bubbles',
    'draw_layer_heatmap',
    'draw_size_bars',
    'draw_training_curves',
    'example_batch',
    'find_tables',
    'join_table_costs',
    'predict_samples',
    'read_costs',
    'read_history',
    'read_size_scores',
    'save_figure',
    'write_on_other_base',
]
