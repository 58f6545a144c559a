# Copyright (c) mmrrsis contributors.
"""The small model that ships with the package does what its README says."""

import numpy as np
import pytest

from mmrrsis.apis import ReferringInferencer
from mmrrsis.datasets.synthesis import SceneGenerator
from mmrrsis.package_files import DEFAULT_WEIGHTS, find_weights

SCENES = 12


@pytest.fixture(scope='module')
def inferencer():
    return ReferringInferencer(device='cpu', show_progress=False)


@pytest.fixture(scope='module')
def scenes():
    """Validation scenes whose targets are at least two, so that an expression can be exchanged for another's."""
    generator = SceneGenerator('easy')
    scenes = (generator.generate(index, 'val') for index in range(100))
    return [scene for scene in scenes if len(scene.referrals) > 1][:SCENES]


def overlap(mask, target):
    return (mask & target).sum() / (mask | target).sum()


def test_the_file_is_small():
    assert find_weights(DEFAULT_WEIGHTS).stat().st_size < 12e6


def test_it_finds_what_is_meant_and_not_what_another_expression_means(inferencer, scenes):
    expressions = [[referral.expressions[0] for referral in scene.referrals] for scene in scenes]
    predictions = inferencer([scene.image for scene in scenes], expressions)['predictions']
    meant, exchanged = [], []
    for scene, answers in zip(scenes, predictions, strict=True):
        targets = [scene.objects[referral.object_index].mask for referral in scene.referrals]
        for index, answer in enumerate(answers):
            meant.append(overlap(answer.mask, targets[index]))
            exchanged.append(overlap(answer.mask, targets[index - 1]))
    assert np.mean(meant) > 0.6
    assert np.mean(exchanged) < 0.1
