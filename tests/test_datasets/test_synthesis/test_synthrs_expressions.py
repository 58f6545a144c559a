# Copyright (c) mmrrsis contributors.
"""What the writer writes, checked through the resolver and by changing scenes."""

import re
from dataclasses import replace

import numpy as np
import pytest

from mmrrsis.datasets.expressions import SceneObject, resolve
from mmrrsis.datasets.expressions.writer import LONG_FORMS, write_expressions

LEVELS = pytest.mark.parametrize('level', ['easy', 'full'])


def referrals(scenes):
    """Yield scene, index of the target, expression."""
    for scene in scenes:
        for referral in scene.referrals:
            for text in referral.expressions:
                yield scene, referral.object_index, text


def mirrored(scene):
    """The objects as they are in the image flipped left to right."""
    width = scene.image.shape[1]
    return [
        replace(
            found,
            center=(width - found.center[0], found.center[1]),
            box=(width - found.box[2], found.box[1], width - found.box[0], found.box[3]),
            mask=found.mask[:, ::-1],
        )
        for found in scene.objects
    ]


def swap_sides(text):
    """Exchange left and right in a text."""
    return re.sub('left|right', lambda word: {'left': 'right', 'right': 'left'}[word.group()], text)


@LEVELS
def test_every_expression_refers_to_its_object_alone(synthrs_scenes, level):
    for scene, target, text in referrals(synthrs_scenes[level, 'train'] + synthrs_scenes[level, 'test']):
        found = resolve(text, scene.objects, scene.image.shape[:2])
        assert (found.fitting, found.borderline) == ((target,), ()), text


@LEVELS
def test_recoloured_target_is_no_longer_meant(synthrs_scenes, level):
    checked = 0
    for scene, target, text in referrals(synthrs_scenes[level, 'train']):
        me = scene.objects[target]
        if not re.search(f'^\\w+ (\\w+ )?{me.color} {me.category}', text):
            continue
        objects = list(scene.objects)
        objects[target] = replace(me, color='blue' if me.color != 'blue' else 'red')
        assert resolve(text, objects, scene.image.shape[:2]).index != target, text
        checked += 1
    assert checked > 50


@LEVELS
def test_left_and_right_are_as_seen_in_the_image(synthrs_scenes, level):
    checked = 0
    for scene, target, text in referrals(synthrs_scenes[level, 'train']):
        objects = mirrored(scene)
        assert resolve(swap_sides(text), objects, scene.image.shape[:2]).index == target, text
        if 'leftmost' in text or 'rightmost' in text:
            assert resolve(text, objects, scene.image.shape[:2]).index != target, text
            checked += 1
    assert checked > 5


@LEVELS
def test_wordings_of_a_referral_differ(synthrs_scenes, level):
    lengths = set()
    for scene in synthrs_scenes[level, 'train']:
        for referral in scene.referrals:
            texts = {text.lower().rstrip('.') for text in referral.expressions}
            assert len(texts) == len(referral.expressions)
            assert all(text[0].isupper() and len(text.split()) <= 18 for text in referral.expressions)
            lengths.add(len(texts))
    assert lengths == {1, 2, 3}


def test_wording_is_varied(synthrs_scenes):
    texts = [text for scenes in synthrs_scenes.values() for _, _, text in referrals(scenes)]
    words = {word for text in texts for word in re.findall('[a-z]+', text.lower())}
    assert {'leftmost', 'largest', 'small', 'above', 'near', 'closest', 'second', 'than', 'upper', 'red'} <= words
    assert len(words) > 80
    assert len(set(texts)) > 0.75 * len(texts)


def test_full_level_is_longer(synthrs_scenes):
    easy, full = (
        np.mean([len(text.split()) for _, _, text in referrals(synthrs_scenes[level, 'train'])])
        for level in ('easy', 'full')
    )
    assert full > easy + 0.5


def test_no_expression_for_twins():
    """Two objects alike in everything: nothing can tell them apart."""
    mask = np.zeros((64, 64), bool)
    mask[28:36, 28:36] = True
    twin = SceneObject('ship', 'red', (32, 32), 64, (28, 28, 36, 36), mask)
    assert write_expressions([twin, twin], 0, (64, 64), np.random.default_rng(0)) == ()


def test_colour_is_named_when_asked_for(synthrs_scenes):
    written = 0
    for scene in synthrs_scenes['full', 'train'][:20]:
        me = scene.objects[0]
        rng = np.random.default_rng(0)
        for text in write_expressions(scene.objects, 0, scene.image.shape[:2], rng, forms=LONG_FORMS, name_color=True):
            assert f'{me.color} {me.category}' in text
            written += 1
    assert written > 15
