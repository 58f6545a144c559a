# Copyright (c) mmrrsis contributors.
"""Scenes that several tests look at."""

import pytest

from mmrrsis.datasets.synthesis import SceneGenerator


@pytest.fixture(scope='session')
def synthrs_scenes():
    """Sixty training and thirty test scenes of each level."""
    scenes = {}
    for level in ('easy', 'full'):
        generator = SceneGenerator(level, seed=1)
        scenes[level, 'train'] = [generator.generate(index) for index in range(60)]
        scenes[level, 'test'] = [generator.generate(index, 'test') for index in range(30)]
    return scenes
