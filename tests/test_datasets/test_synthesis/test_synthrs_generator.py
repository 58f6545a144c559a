# Copyright (c) mmrrsis contributors.
"""Scenes: determinism, what they hold, how large, how coloured."""

from collections import Counter

import numpy as np
import pytest

from mmrrsis.datasets.expressions.vocabulary import RRSISD_CATEGORIES
from mmrrsis.datasets.synthesis import SceneGenerator
from mmrrsis.datasets.synthesis.caption_writer import write_caption
from mmrrsis.datasets.synthesis.category_catalog import CATALOG, NOVEL_PAIRS
from mmrrsis.datasets.synthesis.colors import COLORS

LEVELS = pytest.mark.parametrize('level', ['easy', 'full'])


def same(first, second):
    """Whether two scenes agree in everything."""
    return (
        np.array_equal(first.image, second.image)
        and first.referrals == second.referrals
        and [found.box for found in first.objects] == [found.box for found in second.objects]
    )


@LEVELS
def test_scene_depends_on_seed_level_split_and_index_alone(level):
    first, second = SceneGenerator(level, seed=3), SceneGenerator(level, seed=3)
    scenes = [first.generate(index) for index in (0, 1, 2)]
    for index in (2, 0, 1):  # another order
        assert same(second.generate(index), scenes[index])
    assert not same(scenes[0], scenes[1])
    assert not same(scenes[0], first.generate(0, 'val'))
    assert not same(scenes[0], SceneGenerator(level, seed=4).generate(0))


@LEVELS
def test_global_random_state_has_no_influence(level):
    np.random.seed(0)
    first = SceneGenerator(level).generate(5)
    np.random.seed(1)
    assert same(first, SceneGenerator(level).generate(5))


@LEVELS
def test_objects_describe_their_masks(synthrs_scenes, level):
    for scene in synthrs_scenes[level, 'train']:
        assert scene.image.shape == (256, 256, 3)
        assert scene.image.dtype == np.uint8
        assert sum(found.mask.astype(int) for found in scene.objects).max() == 1  # a pixel shows one object
        for found in scene.objects:
            rows, columns = np.nonzero(found.mask)
            assert found.area == len(rows)
            assert found.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert found.center == ((found.box[0] + found.box[2]) / 2, (found.box[1] + found.box[3]) / 2)
            assert found.category in RRSISD_CATEGORIES
            assert found.color in COLORS


@pytest.mark.parametrize(
    ('level', 'counts', 'median'), [('easy', (2, 5), (0.025, 0.05)), ('full', (3, 12), (0.006, 0.015))]
)
def test_number_and_size_of_objects(synthrs_scenes, level, counts, median):
    scenes = synthrs_scenes[level, 'train']
    numbers = [len(scene.objects) for scene in scenes]
    assert counts[0] <= min(numbers) and max(numbers) <= counts[1]
    coverage = [scene.objects[r.object_index].mask.mean() for scene in scenes for r in scene.referrals]
    assert median[0] < np.median(coverage) < median[1]


@LEVELS
def test_most_targets_have_others_of_their_category(synthrs_scenes, level):
    images = []
    for scene in synthrs_scenes[level, 'train']:
        counts = Counter(found.category for found in scene.objects)
        images.append(all(counts[scene.objects[r.object_index].category] > 1 for r in scene.referrals))
    assert np.mean(images) >= 0.6


@LEVELS
def test_at_least_twelve_categories_are_targets(synthrs_scenes, level):
    targets = {
        scene.objects[r.object_index].category for scene in synthrs_scenes[level, 'train'] for r in scene.referrals
    }
    assert len(targets) >= 12
    assert set(CATALOG) <= set(RRSISD_CATEGORIES)


@LEVELS
def test_objects_show_their_colour(synthrs_scenes, level):
    """The colour word nearest to most of an object's pixels is its own."""
    words, values = list(COLORS), np.array(list(COLORS.values()), float)
    right = []
    for scene in synthrs_scenes[level, 'train']:
        for found in scene.objects:
            pixels = scene.image[found.mask].astype(float)
            nearest = ((pixels[:, None] - values) ** 2).sum(2).argmin(1)
            right.append(words[np.bincount(nearest, minlength=len(words)).argmax()] == found.color)
    assert np.mean(right) > {'easy': 0.93, 'full': 0.83}[level]


@LEVELS
def test_novel_pairs_are_kept_apart(synthrs_scenes, level):
    for scene in synthrs_scenes[level, 'train']:
        assert scene.subset is None
        assert not {(found.category, found.color) for found in scene.objects} & NOVEL_PAIRS
    for index, scene in enumerate(synthrs_scenes[level, 'test']):
        pairs = [(found.category, found.color) for found in scene.objects]
        if index % 3 == 2:
            assert scene.subset == 'novel_pair'
            assert all(pairs[r.object_index] in NOVEL_PAIRS for r in scene.referrals)
            for referral in scene.referrals:
                assert all(pairs[referral.object_index][1] in text for text in referral.expressions)
        else:
            assert scene.subset is None
            assert not set(pairs) & NOVEL_PAIRS
    assert len({category for category, _ in NOVEL_PAIRS}) >= 12


def test_validation_shows_no_novel_pair():
    generator = SceneGenerator('full', image_size=64)
    for index in range(20):
        scene = generator.generate(index, 'val')
        assert scene.subset is None
        assert not {(found.category, found.color) for found in scene.objects} & NOVEL_PAIRS


def test_captions_name_what_is_there(synthrs_scenes):
    captions = []
    for scene in synthrs_scenes['full', 'train']:
        text = write_caption(scene.objects, scene.image.shape[:2], np.random.default_rng(0))
        assert text == write_caption(scene.objects, scene.image.shape[:2], np.random.default_rng(0))
        named = [
            f'{found.color} {found.category}' for found in scene.objects if f'{found.color} {found.category}' in text
        ]
        assert named
        for color in COLORS:  # no colour that nothing has
            assert f' {color} ' not in f' {text} ' or any(found.color == color for found in scene.objects)
        captions.append(text)
    assert len(set(captions)) > 50
    assert any(' two ' in f' {text} ' for text in captions)


def test_other_image_sizes_keep_proportions():
    small, large = SceneGenerator(image_size=128), SceneGenerator(image_size=256)
    medians = [
        np.median([found.mask.mean() for index in range(25) for found in generator.generate(index).objects])
        for generator in (small, large)
    ]
    assert small.generate(0).image.shape == (128, 128, 3)
    assert medians[0] == pytest.approx(medians[1], rel=0.4)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(level='hard'), "no level 'hard'. Choose one of 'easy', 'full'"),
        (dict(image_size=32), '`image_size` is 32, too small'),
        (dict(seed=-1), '`seed` is -1. Use 0 or a positive integer'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        SceneGenerator(**arguments)


def test_wrong_split_and_index():
    generator = SceneGenerator()
    with pytest.raises(ValueError, match="no split 'dev'. Choose one of 'train', 'val', 'test'"):
        generator.generate(0, 'dev')
    with pytest.raises(ValueError, match='Scene index -1 is negative'):
        generator.generate(-1)
