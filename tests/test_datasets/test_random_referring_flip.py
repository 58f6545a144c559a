# Copyright (c) mmrrsis contributors.
from dataclasses import replace

import numpy as np
import pytest

from mmrrsis.datasets.synthesis import SceneGenerator, resolve
from mmrrsis.datasets.transforms import RandomReferringFlip
from mmrrsis.datasets.transforms.random_referring_flip import exchange_words


@pytest.mark.parametrize(
    ('direction', 'expression', 'expected'),
    [
        ('horizontal', 'The second ship from the left', 'The second ship from the right'),
        ('vertical', 'The upper of the two ships.', 'The lower of the two ships.'),
        ('vertical', 'The lowest tank above the pier', 'The uppermost tank below the pier'),
        ('vertical', 'A ship in the bottom left corner', 'A ship in the top left corner'),
        ('horizontal', 'A bright ship', 'A bright ship'),
    ],
)
def test_words_change_places(direction, expression, expected):
    assert exchange_words(expression, direction) == expected
    assert exchange_words(expected, direction).replace('topmost', 'uppermost') == expression


def mirrored(found, axis):
    """The object in the mirrored scene, along the axis x (1) or y (0) of its mask."""
    height, width = found.mask.shape
    (x, y), (x0, y0, x1, y1) = found.center, found.box
    if axis == 1:
        x, x0, x1 = width - x, width - x1, width - x0
    else:
        y, y0, y1 = height - y, height - y1, height - y0
    return replace(found, center=(x, y), box=(x0, y0, x1, y1), mask=np.flip(found.mask, axis))


@pytest.mark.parametrize(('direction', 'axis'), [('horizontal', 1), ('vertical', 0)])
def test_the_resolver_finds_the_same_target_in_the_mirrored_scene(direction, axis):
    generator, exchanged = SceneGenerator('full', seed=3), 0
    for index in range(12):
        scene = generator.generate(index)
        objects = [mirrored(found, axis) for found in scene.objects]
        for referral in scene.referrals:
            for expression in referral.expressions:
                changed = exchange_words(expression, direction)
                exchanged += changed != expression
                assert resolve(changed, objects, scene.image.shape[:2]).index == referral.object_index, changed
    assert exchanged > 10


@pytest.mark.parametrize(
    ('horizontal', 'vertical', 'corner', 'expression'),
    [
        (1.0, 0.0, (0, -1), 'the ship in the upper right'),
        (0.0, 1.0, (-1, 0), 'the ship in the lower left'),
        (1.0, 1.0, (-1, -1), 'the ship in the lower right'),
        (0.0, 0.0, (0, 0), 'the ship in the upper left'),
    ],
)
def test_image_mask_and_words_are_mirrored_together(horizontal, vertical, corner, expression):
    image = np.zeros((4, 6, 3), np.uint8)
    image[0, 0] = (1, 2, 3)
    results = dict(img=image, gt_seg_map=image[..., 0], expression='the ship in the upper left')
    results = RandomReferringFlip(horizontal, vertical)(results)
    assert results['img'][corner].tolist() == [1, 2, 3] and results['img'].sum() == 6
    assert results['gt_seg_map'][corner] == 1 and results['gt_seg_map'].sum() == 1
    assert results['expression'] == expression
