# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest
from scipy import ndimage

from mmrrsis.geo.component_table import ComponentTable


@pytest.mark.parametrize('seed', range(5))
def test_strips_give_the_parts_of_the_whole_mask(seed):
    rng = np.random.default_rng(seed)
    mask, probability = rng.random((40, 30)) < 0.6, rng.random((40, 30))
    table = ComponentTable()
    cuts = [0, *sorted(rng.choice(np.arange(1, 40), size=6, replace=False)), 40]
    for start, stop in zip(cuts[:-1], cuts[1:], strict=True):
        table.add(int(start), mask[start:stop], probability[start:stop])
    labels, count = ndimage.label(mask)  # 4-connected
    expected = {}
    for part in range(1, count + 1):
        rows, columns = np.nonzero(labels == part)
        expected[int(rows[0]), int(columns[0])] = (len(rows), probability[labels == part].mean())
    parts = table.parts()
    assert parts.keys() == expected.keys()
    for first, (pixels, mean) in expected.items():
        assert parts[first] == (pixels, pytest.approx(mean))
    assert table.total() == (mask.sum(), pytest.approx(probability[mask].mean()))


def test_arms_that_meet_only_further_down_are_one_part():
    table = ComponentTable()
    table.add(0, np.array([[True, False, True]]), np.ones((1, 3)))
    table.add(1, np.array([[True, True, True]]), np.zeros((1, 3)))
    assert table.parts() == {(0, 0): (5, pytest.approx(0.4))}


def test_empty_mask_scores_zero():
    table = ComponentTable()
    table.add(0, np.zeros((2, 3), dtype=bool), np.ones((2, 3)))
    assert table.parts() == {} and table.total() == (0, 0.0)
