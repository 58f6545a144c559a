# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest

from mmrrsis.visualization import draw_mask


@pytest.fixture
def image():
    return np.full((60, 80, 3), 200, dtype=np.uint8)


def test_inside_is_blended_outline_is_pure_and_outside_is_untouched(image):
    mask = np.zeros((60, 80), dtype=bool)
    mask[20:40, 30:60] = True
    drawn = draw_mask(image, mask, color=(0, 100, 50), opacity=0.25)
    assert drawn[30, 45].tolist() == [150, 175, 162]  # 0.75 * 200 + 0.25 * colour, 162.5 rounds to even
    assert drawn[20, 45].tolist() == [0, 100, 50]  # the outline
    assert drawn[19, 45].tolist() == [0, 0, 0]  # its dark rim
    far = np.ones_like(mask)
    far[15:45, 25:65] = False
    assert (drawn[far] == 200).all()
    assert (image == 200).all(), 'the input must not change'


def test_hole_gets_an_outline_too(image):
    mask = np.ones((60, 80), dtype=bool)
    mask[20:40, 30:60] = False
    drawn = draw_mask(image, mask, color=(0, 100, 50))
    assert (drawn[30, 45] == 200).all()
    assert drawn[30, 29].tolist() == [0, 100, 50]


def test_empty_mask_returns_a_copy_of_the_image(image):
    drawn = draw_mask(image, np.zeros((60, 80), dtype=bool))
    np.testing.assert_array_equal(drawn, image)
    assert drawn is not image


def test_wrong_inputs_are_named(image):
    with pytest.raises(TypeError, match=r'`mask` must be bool but is float32'):
        draw_mask(image, np.zeros((60, 80), dtype=np.float32))
    with pytest.raises(TypeError, match=r'`image` must be uint8 but is float64'):
        draw_mask(image / 255, np.zeros((60, 80), dtype=bool))
    with pytest.raises(ValueError, match=r'`mask` \(80, 60\)'):
        draw_mask(image, np.zeros((80, 60), dtype=bool))
