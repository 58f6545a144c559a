# Copyright (c) mmrrsis contributors.
import runpy
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / 'tools/analysis/expression_kinds.py'


@pytest.mark.parametrize(
    ('expression', 'kind'),
    [
        ('The red ship', 'colour'),
        ('A gray ship.', 'colour'),
        ('The harbor on the left side.', 'position'),
        ('The red chimney on the top left part', 'colour and position'),
        ('The bottommost train station', 'rank'),
        ('The upper of the two ground track fields', 'rank'),
        ('The largest golf field', 'rank'),
        ('The harbor above a white harbor', 'relation'),
        ('The airplane on the left of the blue airplane.', 'relation'),
        ('The ground track field', 'other'),
    ],
)
def test_kind_is_read_off_the_words(expression, kind):
    assert runpy.run_path(str(TOOL))['kind_of'](expression) == kind
