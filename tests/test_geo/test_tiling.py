# Copyright (c) mmrrsis contributors.
import itertools
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from mmrrsis.geo import Tiling
from mmrrsis.geo.tiling import blend_strips


@pytest.mark.parametrize(
    'length, tile, overlap', list(itertools.product((1, 7, 17, 100), (1, 2, 16, 200), (0, 1, 8, 100)))
)
def test_tiles_cover_the_axis_and_weights_sum_to_one(length, tile, overlap):
    if overlap > tile // 2:
        with pytest.raises(ValueError, match=r'`overlap` must be between 0 and half of the tile'):
            Tiling(tile, overlap)
        return
    tiling = Tiling(tile, overlap)
    starts, weights = tiling.starts(length), tiling.weights(length)
    size = min(tile, length)
    assert starts[0] == 0 and starts[-1] + size == length and len(weights) == len(starts)
    assert all(0 < after - before <= tile - overlap for before, after in itertools.pairwise(starts))
    total = np.zeros(length)
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + size] += weight
    np.testing.assert_allclose(total, 1, rtol=1e-12)
    assert (weights > 0).all()


def test_a_tiling_is_frozen_and_names_what_is_wrong_with_its_remedy():
    with pytest.raises(FrozenInstanceError):
        Tiling().tile = 3
    for values, words in (
        (dict(tile=0), r'`tile` must be 1 pixel or more but is 0. Take about'),
        (dict(tile=100, overlap=51), r'half of the tile, 50, but is 51. Change `overlap` or enlarge `tile`'),
        (dict(overlap=-1), r'`overlap` must be between 0 and half of the tile, 256, but is -1'),
        (dict(batch_size=0), r'`batch_size` must be 1 or more but is 0. A batch of 1 takes the least memory'),
    ):
        with pytest.raises(ValueError, match=words):
            Tiling(**values)
    assert Tiling(100, 50, 1).count((100, 151)) == 1 * 3


def test_weights_of_two_tiles_by_hand():
    # Tiles 0..3 and 2..5: over the two shared pixels the ramps are 3/4, 1/4 and 1/4, 3/4 of one.
    expected = [[1, 1, 0.75, 0.25], [0.25, 0.75, 1, 1]]
    np.testing.assert_allclose(Tiling(4, 2).weights(6), expected, rtol=1e-12)


def test_without_overlap_tiles_stand_side_by_side():
    np.testing.assert_array_equal(Tiling(4, 0).weights(8), np.ones((2, 4)))


def collect(shape, tile, overlap, predict):
    def predict_row(top, lefts):
        return [predict(top, left, min(tile, shape[0]), min(tile, shape[1])) for left in lefts]

    strips = list(blend_strips(shape, 2, Tiling(tile, overlap), predict_row))
    row = 0
    for top, strip in strips:
        assert top == row and strip.shape[0] == 2 and strip.shape[2] == shape[1]
        row += strip.shape[1]
    assert row == shape[0]
    return np.concatenate([strip for _, strip in strips], axis=1)


@pytest.mark.parametrize('shape', [(64, 64), (37, 53), (5, 90), (90, 5), (1, 40), (40, 1), (1, 1)])
@pytest.mark.parametrize('tile, overlap', [(16, 0), (16, 5), (16, 8), (128, 64)])
def test_tiles_of_a_plane_give_the_plane_back(shape, tile, overlap):
    plane = np.random.default_rng(0).random((2, *shape), dtype=np.float32)
    blended = collect(shape, tile, overlap, lambda y, x, h, w: plane[:, y : y + h, x : x + w])
    np.testing.assert_allclose(blended, plane, atol=1e-6)


def test_certainty_stays_a_probability():
    blended = collect((37, 53), 16, 5, lambda y, x, h, w: np.ones((2, h, w), dtype=np.float32))
    assert blended.max() == 1 and blended.min() > 1 - 1e-6, 'weights sum to one up to rounding, which is cut off'


def test_seam_is_a_ramp_between_the_answers_of_two_tiles():
    blended = collect((4, 6), 4, 2, lambda y, x, h, w: np.full((2, h, w), float(x > 0), dtype=np.float32))
    np.testing.assert_allclose(blended[0, 0], [0, 0, 0.25, 0.75, 1, 1], atol=1e-6)


def test_a_tile_without_answer_counts_as_zeros():
    blended = collect((4, 8), 4, 0, lambda y, x, h, w: np.ones((2, h, w), dtype=np.float32) if x else None)
    np.testing.assert_array_equal(blended[1, 2], [0, 0, 0, 0, 1, 1, 1, 1])
