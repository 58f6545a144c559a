# Copyright (c) mmrrsis contributors.
import pytest

from mmrrsis.datasets.categories import CategoryFinder
from mmrrsis.datasets.refsegrs import RefSegRSDataset
from mmrrsis.datasets.risbench import RISBenchDataset


@pytest.mark.parametrize(
    ('phrase', 'category'),
    [
        ('road marking', 'road marking'),  # not 'road'
        ('car on the road', 'car'),  # the first, though 'road' is longer
        ('Impervious Surfaces along the bikeway', 'impervious surface'),
        ('two buses', 'bus'),
        ('cargo near a business', None),  # whole words only
        ('something white', None),
    ],
)
def test_category_of_refsegrs_phrase(phrase, category):
    assert CategoryFinder(RefSegRSDataset.METAINFO['classes'])(phrase) == category


@pytest.mark.parametrize(
    ('phrase', 'category'),
    [
        ('The large-vehicle parked beside the small vehicle', 'large vehicle'),
        ('the vehicles', 'vehicle'),
        ('the groundtrackfield', 'ground track field'),
        ('a plane at the airport', 'airplane'),
        ('the baseball diamonds', 'baseball field'),
        ('expressway_toll_station', 'expressway toll station'),
    ],
)
def test_category_of_risbench_phrase(phrase, category):
    assert CategoryFinder(RISBenchDataset.METAINFO['classes'], RISBenchDataset.ALIASES)(phrase) == category
