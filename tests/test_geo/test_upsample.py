import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmrrsis.geo.upsample import enlarge_columns, enlarge_rows, nearest


@pytest.mark.parametrize('reduced, full', [((5, 7), (13, 40)), ((1, 4), (3, 9)), ((6, 6), (6, 6)), ((1, 1), (1, 8))])
def test_strips_are_those_of_a_resize_at_once(reduced, full):
    plane = np.random.default_rng(0).random((2, *reduced), dtype=np.float32)
    wide = enlarge_columns(plane, full[1])
    strips = [enlarge_rows(wide, full[0], start, min(start + 4, full[0])) for start in range(0, full[0], 4)]
    expected = F.interpolate(torch.from_numpy(plane)[None], size=full, mode='bilinear', align_corners=False)[0]
    np.testing.assert_allclose(np.concatenate(strips, axis=1), expected.numpy(), atol=1e-6)


def test_nearest_takes_the_pixel_that_holds_the_centre():
    np.testing.assert_array_equal(nearest(6, 3, 0, 6), [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(nearest(5, 2, 1, 5), [0, 1, 1, 1])  # centres 0.6, 1.0, 1.4, 1.8
