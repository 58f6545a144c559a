# Copyright (c) mmrrsis contributors.
"""The resolver on scenes made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from mmrrsis.datasets.expressions import ExpressionSyntaxError, SceneObject, resolve

SIZE = (100, 100)


def thing(category, color, x, y, side=10):
    """A square object around a centre."""
    box = (int(x - side / 2), int(y - side / 2), int(x + side / 2), int(y + side / 2))
    mask = np.zeros(SIZE, bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return SceneObject(category, color, (x, y), int(mask.sum()), box, mask)


@pytest.fixture
def ships():
    """Red on the upper left, small gray in the middle, gray on the lower right, and a white tank beside the last."""
    return [
        thing('ship', 'red', 20, 20, 12),
        thing('ship', 'gray', 50, 50, 8),
        thing('ship', 'gray', 82, 80, 20),
        thing('storage tank', 'white', 82, 60, 10),
    ]


@pytest.mark.parametrize(
    ('text', 'index'),
    [
        ('The red ship', 0),
        ('A storage tank.', 3),
        ('The ship in the upper left', 0),
        ('A gray ship in the bottom right corner of the image', 2),
        ('The ship on the left', 0),
        ('The ship on the right side of the picture', 2),
        ('The ship at the top', 0),
        ('The ship in the lower part', 2),
        ('The ship in the middle', 1),
        ('The leftmost ship', 0),
        ('The lowest ship', 2),
        ('The topmost gray ship', 1),
        ('The largest ship', 2),
        ('The smallest ship', 1),
        ('The big gray ship', 2),
        ('The small gray ship', 1),
        ('The larger of the two gray ships', 2),
        ('The left of the two gray ships', 1),
        ('The second ship from the left', 1),
        ('The third ship from the top', 2),
        ('The ship on the upper left of the small gray ship', 0),
        ('The ship below the storage tank', 2),
        ('The storage tank above the large gray ship', 3),
        ('The ship next to the storage tank', 2),
        ('The ship closest to the storage tank', 2),
        ('The gray ship in the middle is smaller than the one in the lower right', 1),
        ('The ship in the upper left that is smaller than the gray one on the right', 0),
        ('The gray ship that is located in the lower right and below a storage tank', 2),
        ('The gray ship on the right, below the storage tank', 2),
    ],
)
def test_expression_finds_its_object(ships, text, index):
    assert resolve(text, ships, SIZE).index == index


@pytest.mark.parametrize(
    ('text', 'fitting'),
    [
        ('The gray ship', (1, 2)),
        ('The ship', (0, 1, 2)),
        ('The blue ship', ()),
        ('The airplane', ()),
        ('The gray ship in the upper left', ()),
        ('The ship above the storage tank next to the red ship', ()),
        ('The larger of the two ships', ()),  # there are three
        ('The leftmost storage tank', ()),  # there is one
        ('The storage tank to the right of the gray ship', ()),  # which gray ship?
        ('The large ship', (2,)),  # but the red one is of a middle size
    ],
)
def test_several_or_none_refer_to_nothing(ships, text, fitting):
    found = resolve(text, ships, SIZE)
    assert found.fitting == fitting
    assert found.index is None


def test_another_object_on_the_borderline_makes_an_expression_unclear(ships):
    text = 'The ship on the left'
    assert resolve(text, ships, SIZE).index == 0
    ships[1] = thing('ship', 'gray', 41, 50)  # neither clearly on the left nor clearly not
    found = resolve(text, ships, SIZE)
    assert (found.fitting, found.borderline, found.index) == ((0,), (1,), None)


@pytest.mark.parametrize(
    ('text', 'moved', 'index'),
    [
        ('The leftmost ship', (17, 50), None),  # three pixels ahead of the red one
        ('The gray ship to the left of the storage tank', (50, 62), 1),
        ('The gray ship to the left of the storage tank', (50, 92), None),  # left of it, or rather below?
        ('The gray ship above the storage tank', (82, 20), 1),
        ('The ship near the storage tank', (70, 60), None),  # two ships are near
    ],
)
def test_margins_when_the_middle_ship_moves(ships, text, moved, index):
    ships[1] = thing('ship', 'gray', *moved, 8)
    assert resolve(text, ships, SIZE).index == index


def test_close_seconds_make_a_superlative_unclear(ships):
    ships[1] = thing('ship', 'gray', 17, 50)
    found = resolve('The leftmost ship', ships, SIZE)
    assert (found.fitting, found.borderline) == ((), (0, 1))


def test_sizes_need_a_clear_difference():
    pair = [thing('ship', 'red', 20, 20, 10), thing('ship', 'red', 80, 80, 11)]  # areas 100 and 121
    for text in ('The largest ship', 'The large ship', 'The larger of the two ships', 'The small ship'):
        assert resolve(text, pair, SIZE).index is None
    pair[1] = thing('ship', 'red', 80, 80, 16)  # area 256
    for text in ('The largest ship', 'The large ship', 'The larger of the two ships'):
        assert resolve(text, pair, SIZE).index == 1
    assert resolve('The small ship', pair, SIZE).index == 0
    assert resolve('The ship in the lower right is larger than the other one', pair, SIZE).index == 1


def test_after_and_a_place_is_the_target_s(ships):
    """'... and on the left' says where the ship is, not where its landmark is."""
    ships.append(thing('storage tank', 'green', 62, 50))  # in the middle, next to the small gray ship
    assert resolve('The ship next to the green storage tank and in the middle', ships, SIZE).index == 1
    assert resolve('The ship next to the green storage tank and on the right', ships, SIZE).index is None
    assert resolve('The ship below the white storage tank and on the right', ships, SIZE).index == 2
    assert resolve('The gray ship is smaller than the one on the right', ships, SIZE).index == 1


def test_indefinite_landmark_may_be_any(ships):
    ships.append(thing('storage tank', 'white', 20, 80))
    assert resolve('The red ship above a white storage tank', ships, SIZE).index == 0
    assert resolve('The red ship above the white storage tank', ships, SIZE).index is None


def test_swapped_colours_change_the_answer(ships):
    text = 'The red ship on the upper left of the small gray ship'
    assert resolve(text, ships, SIZE).index == 0
    ships[0], ships[1] = replace(ships[0], color='gray'), replace(ships[1], color='red')
    assert resolve(text, ships, SIZE).index is None
    assert resolve('The red ship', ships, SIZE).index == 1


def test_positions_are_relative_to_height_and_width():
    wide = [thing('ship', 'red', 60, 50)]
    assert resolve('The ship in the middle', wide, (100, 100)).index == 0
    assert resolve('The ship on the left', wide, (100, 200)).index == 0


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('The purple ship', "expected a colour, a size or a category of RRSIS-D but found 'purple' \\(word 2\\)"),
        ('The ship on the north', 'expected a place such as "upper left" but found \'north\''),
        ('The ship quickly', "expected a place or a relation but found 'quickly' \\(word 3\\)"),
        ('The ship next to the', 'found the end'),
        ('The second ship', 'expected the side to count from'),
        ('', 'found the end'),
    ],
)
def test_unreadable_text_is_an_error_that_names_the_word(ships, text, message):
    with pytest.raises(ExpressionSyntaxError, match=message):
        resolve(text, ships, SIZE)
