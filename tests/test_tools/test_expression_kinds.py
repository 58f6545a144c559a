import runpy
from pathlib import Path

from mmrrsis.datasets import expression_kind

TOOL = Path(__file__).resolve().parents[2] / 'tools/analysis/expression_kinds.py'


def test_the_table_and_the_figures_share_one_classifier():
    assert runpy.run_path(str(TOOL))['expression_kind'] is expression_kind
