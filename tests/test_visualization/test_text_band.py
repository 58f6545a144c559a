# Copyright (c) mmrrsis contributors.
import pytest

from mmrrsis.visualization import draw_text_band


@pytest.mark.parametrize('width', [97, 256, 801])
def test_band_has_the_width_and_nothing_is_cut_off(width):
    band = draw_text_band('THE LARGE WHITE STORAGE TANK BESIDE THE MOTORWAY AND THE WAREHOUSE', width)
    assert band.shape[1:] == (width, 3)
    dark = (band < 128).any(axis=2)
    assert dark.any()
    assert not dark[:, -1].any(), 'text runs out of the band on the right'
    assert not dark[0].any() and not dark[-1].any(), 'text is cut off above or below'


def test_longer_text_makes_a_higher_band():
    assert draw_text_band('word ' * 40, 200).shape[0] > 2 * draw_text_band('word', 200).shape[0]


def test_dollar_signs_are_no_formula():
    assert (draw_text_band('a $broken^{formula', 300) < 128).any()


def test_empty_text_gives_a_white_band():
    assert (draw_text_band('', 100) == 255).all()
