# Copyright (c) mmrrsis contributors.
"""Windows of a photograph and what is seen in them."""

from pathlib import Path

import numpy as np
import pytest

from mmrrsis.datasets.photographs.photograph import Instance, Photograph
from mmrrsis.datasets.photographs.windows import Window, choose_window, is_target, look_through


def square(x, y, side, category='ship'):
    corners = np.array([(x, y), (x + side, y), (x + side, y + side), (x, y + side)], float)
    return Instance(category, (corners,))


def photograph(*instances):
    return Photograph(Path('a.jpg'), 600, 600, instances)


def cut_objects(window, instances):
    """Count the objects that a window's border runs through."""
    count = 0
    for x0, y0, x1, y1 in (instance.box for instance in instances):
        right, bottom = window.left + window.side, window.top + window.side
        outside = x1 <= window.left or x0 >= right or y1 <= window.top or y0 >= bottom
        inside = x0 >= window.left and x1 <= right and y0 >= window.top and y1 <= bottom
        count += not outside and not inside
    return count


def test_windows_show_the_whole_target():
    target = square(300, 40, 60)
    for seed in range(40):
        window = choose_window(photograph(target), target, np.random.default_rng(seed))
        assert window.left <= 300 and window.left + window.side >= 360
        assert window.top <= 40 and window.top + window.side >= 100
        assert window.left >= 0 and window.top >= 0
        assert max(window.left, window.top) + window.side <= 600
        assert 0.11 < 60 / window.side < 0.61


def test_windows_that_cut_fewer_objects_are_preferred():
    target = square(280, 280, 40)
    ring = [square(x, y, 60) for x, y in ((120, 120), (420, 120), (120, 420), (420, 420), (270, 110), (270, 440))]
    scene = photograph(target, *ring)
    cut = [cut_objects(choose_window(scene, target, np.random.default_rng(seed)), ring) for seed in range(60)]
    # A window anywhere around the target cuts two of them on average; the chosen one rarely any.
    assert np.mean(cut) < 0.75


@pytest.mark.parametrize(('left', 'visible', 'asked_for'), [(0, 1.0, True), (2, 0.95, False), (20, 0.5, False)])
def test_an_object_that_the_border_cuts_is_no_target(left, visible, asked_for):
    scene = photograph(square(0, 100, 40))
    image = np.zeros((200, 200, 3), np.uint8)
    (seen,) = look_through(scene, image, Window(left, 0, 200), 200)
    assert seen.visible == pytest.approx(visible, abs=0.03)
    assert is_target(seen, 200, 0.001) is asked_for


def test_masks_are_the_outlines_in_the_window_size():
    (seen,) = look_through(photograph(square(60, 80, 40)), np.zeros((100, 100, 3), np.uint8), Window(50, 50, 200), 100)
    expected = np.zeros((100, 100), bool)
    expected[15:35, 5:25] = True
    overlap = (seen.found.mask & expected).sum() / (seen.found.mask | expected).sum()
    assert overlap > 0.9
    assert seen.found.center == pytest.approx((15, 25), abs=1)
