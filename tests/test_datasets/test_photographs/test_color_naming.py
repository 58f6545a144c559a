# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest

from mmrrsis.datasets.expressions import SceneObject, resolve
from mmrrsis.datasets.expressions.vocabulary import COLORS
from mmrrsis.datasets.photographs.color_naming import NEUTRAL, name_color


def pixels(*parts):
    return np.concatenate([np.tile(np.uint8(rgb), (count, 1)) for rgb, count in parts])


@pytest.mark.parametrize('word', sorted(COLORS))
def test_the_middle_of_a_word_has_its_name(word):
    assert name_color(pixels((COLORS[word], 200)))[0] == word


def test_pale_sand_has_no_word():
    assert name_color(pixels(((196, 170, 120), 200)))[0] is None


def test_a_second_colour_or_few_pixels_make_it_unclear():
    found, possible = name_color(pixels((COLORS['red'], 120), (COLORS['white'], 80)))
    assert found is None
    assert {'red', 'white'} <= possible
    assert 'green' not in possible
    # Most pixels agree, and a fifth of them say another word.
    assert name_color(pixels((COLORS['red'], 150), (COLORS['blue'], 50)))[0] is None
    assert name_color(pixels((COLORS['red'], 190), (COLORS['blue'], 10)))[0] == 'red'
    assert name_color(pixels((COLORS['red'], 10))) == (None, frozenset(COLORS))


def test_words_that_may_not_be_used_are_never_clear():
    found, possible = name_color(pixels((COLORS['red'], 200)), NEUTRAL)
    assert found is None
    assert 'red' in possible


def ship(x, color, possible=(), recognizable=True):
    mask = np.zeros((64, 64), bool)
    mask[28:36, x - 4 : x + 4] = True
    box = (x - 4, 28, x + 4, 36)
    return SceneObject('ship', color, (x, 32.0), 64, box, mask, frozenset(possible), recognizable)


def test_a_colour_that_another_object_may_have_is_ambiguous():
    red = ship(10, 'red')
    assert resolve('the red ship', [red, ship(50, None, ('gray',))], (64, 64)).index == 0
    assert resolve('the red ship', [red, ship(50, None, ('red', 'gray'))], (64, 64)).index is None


def test_what_may_or_may_not_be_seen_makes_the_rest_ambiguous():
    assert resolve('the leftmost ship', [ship(10, 'red'), ship(50, 'red')], (64, 64)).index == 0
    sliver = ship(30, 'red', recognizable=False)
    assert resolve('the ship', [ship(10, 'red'), sliver], (64, 64)).index is None
    assert resolve('the ship on the left', [ship(10, 'red'), ship(60, 'red', recognizable=False)], (64, 64)).index == 0
    assert resolve('the leftmost ship', [ship(10, 'red'), sliver, ship(50, 'red')], (64, 64)).index is None
