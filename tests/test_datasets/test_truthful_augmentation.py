# Copyright (c) mmrrsis contributors.
"""Turns and crops of samples whose sentences stay true."""

from dataclasses import replace

import numpy as np
import pytest

from mmrrsis.datasets import expression_kind
from mmrrsis.datasets.expressions import resolve
from mmrrsis.datasets.expressions.syntax import parse_expression
from mmrrsis.datasets.expressions.turn import Turn
from mmrrsis.datasets.synthesis import SceneGenerator
from mmrrsis.datasets.transforms import RandomCropAroundTarget, RandomTurn

MIRROR, QUARTER, HALF = Turn(mirrored=True), Turn(quarters=1), Turn(quarters=2)
TURNS = [Turn(mirrored, quarters) for mirrored in (False, True) for quarters in range(4)]


@pytest.fixture(scope='module')
def scenes():
    generator = SceneGenerator('full', 96, 3)
    return [generator.generate(index, 'train') for index in range(12)]


def turn_object(found, turn):
    """The object as it is seen in the turned picture, from its pixels alone."""
    mask = turn.picture(found.mask)
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return replace(found, mask=mask, box=box, center=((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))


@pytest.mark.parametrize('turn', TURNS, ids=str)
def test_a_turned_sentence_means_the_turned_object(scenes, turn):
    moved = 0
    for scene in scenes:
        objects = [turn_object(found, turn) for found in scene.objects]
        for referral in scene.referrals:
            for text in referral.expressions:
                turned = turn.expression(text)
                assert turned is not None
                assert resolve(turned, objects, (96, 96)).index == referral.object_index, (text, turned)
                moved += turned != text
    assert moved > 5 or turn == Turn()


def test_four_quarters_are_the_identity(scenes):
    picture = scenes[0].image
    again = picture
    for _ in range(4):
        again = QUARTER.picture(again)
    np.testing.assert_array_equal(again, picture)
    for scene in scenes:
        for referral in scene.referrals:
            for text in referral.expressions:
                turned = text
                for _ in range(4):
                    turned = QUARTER.expression(turned)
                assert parse_expression(turned) == parse_expression(text)


@pytest.mark.parametrize(
    ('text', 'turn', 'expected'),
    [
        ('The ship on the left of the gray ship.', MIRROR, 'The ship on the right of the gray ship.'),
        ('The ship on the left of the gray ship.', QUARTER, 'The ship below the gray ship.'),
        ('Leftmost car', MIRROR, 'Rightmost car'),
        ('the second car from the left', QUARTER, 'the second car from the bottom'),
        ('a boat in the upper left corner', QUARTER, 'a boat in the lower left corner'),
        ('a boat on the bottom right of the image', HALF, 'a boat on the top left of the image'),
        ('the upper of the two ships', QUARTER, 'the left of the two ships'),
        ('the car at the top of the picture', QUARTER, 'the car on the left of the picture'),
        ('the car above the bridge', HALF, 'the car below the bridge'),
        ('the lowest of them', QUARTER, 'the rightmost of them'),
        ('the car at the top', MIRROR, 'the car at the top'),
        ('the largest ship', QUARTER, 'the largest ship'),
        ('the bright copyright notice', MIRROR, 'the bright copyright notice'),
        ('the ship in the north', QUARTER, None),
        ('the car behind the house', MIRROR, None),
        ('the ship in the north', Turn(), 'the ship in the north'),
    ],
)
def test_words_of_direction_are_exchanged(text, turn, expected):
    assert turn.expression(text) == expected


def sample(expression):
    image = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    mask = np.zeros((6, 8), np.uint8)
    mask[1:3, 5:8] = 1
    return dict(img=image, gt_seg_map=mask, expression=expression, img_shape=(6, 8))


def test_random_turn_turns_image_mask_and_words_alike():
    np.random.seed(0)
    transform, seen = RandomTurn(), set()
    for _ in range(60):
        before = sample('the car on the right')
        results = transform(sample('the car on the right'))
        turn = results['turn']
        seen.add(turn)
        np.testing.assert_array_equal(results['img'], turn.picture(before['img']))
        np.testing.assert_array_equal(results['gt_seg_map'], turn.picture(before['gt_seg_map']))
        assert results['img_shape'] == results['img'].shape[:2]
        assert results['expression'] == turn.expression(before['expression'])
    assert seen == set(TURNS)


def test_half_turns_alone_flip_in_both_directions():
    np.random.seed(0)
    transform = RandomTurn(rotate=0.5, angles=(180,))
    turns = {transform(sample('the car on the right'))['turn'] for _ in range(40)}
    assert turns == {Turn(mirrored, quarters) for mirrored in (False, True) for quarters in (0, 2)}


def test_random_turn_leaves_what_it_cannot_say():
    results = RandomTurn(mirror=1, rotate=1)(sample('the car in the east'))
    np.testing.assert_array_equal(results['img'], sample('')['img'])
    assert results['expression'] == 'the car in the east'
    assert results['turn'] == Turn()


def test_random_turn_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match='`rotate` = 2'):
        RandomTurn(rotate=2)
    with pytest.raises(ValueError, match='`angles`'):
        RandomTurn(angles=(45,))


def test_crop_holds_the_whole_target():
    np.random.seed(0)
    sizes = set()
    for _ in range(40):
        results = RandomCropAroundTarget(probability=1, smallest=0.3)(sample('the red car'))
        assert results['gt_seg_map'].sum() == 6
        assert results['img'].shape[:2] == results['gt_seg_map'].shape == results['img_shape']
        # the pixels under the mask are the target's own
        np.testing.assert_array_equal(
            results['img'][results['gt_seg_map'] > 0], sample('')['img'][1:3, 5:8].reshape(-1, 3)
        )
        sizes.add(results['img_shape'])
    assert len(sizes) > 2


@pytest.mark.parametrize(
    'text', ['the car on the right', 'the leftmost car', 'the car next to a ship', 'the small car']
)
def test_crop_leaves_what_tells_by_more_than_itself(text):
    assert expression_kind(text) not in ('category only', 'colour')
    assert RandomCropAroundTarget(probability=1, smallest=0.3)(sample(text))['img'].shape == (6, 8, 3)


def test_crop_leaves_an_empty_mask_and_names_a_mask_of_another_size():
    empty = sample('the car')
    empty['gt_seg_map'][:] = 0
    assert RandomCropAroundTarget(probability=1)(empty)['img'].shape == (6, 8, 3)
    with pytest.raises(ValueError, match='before Resize'):
        RandomCropAroundTarget()({**sample('the car'), 'gt_seg_map': np.ones((3, 3), np.uint8)})
