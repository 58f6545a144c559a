# Copyright (c) mmrrsis contributors.
"""The small model that ships with the package does what its README says."""

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from mmrrsis.apis import ExpressionWarning, ReferringInferencer, UnknownObjectError, inference, segment_image
from mmrrsis.datasets.synthesis import SceneGenerator
from mmrrsis.datasets.synthesis.category_catalog import CATALOG
from mmrrsis.package_files import DEFAULT_MODEL, DEFAULT_WEIGHTS, find_weights

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


def test_it_knows_all_words_of_its_scenes_and_their_categories(inferencer, scenes):
    known = inferencer.model.known_words
    assert known.categories == tuple(sorted(CATALOG))
    for scene in scenes:
        for referral in scene.referrals:
            assert inferencer.check_words(referral.expressions) == []
    assert {word for name in CATALOG for word in name.split()} <= known.words
    assert not {'tree', 'road', 'purple', 'behind'} & known.words


def test_an_object_that_it_does_not_know_is_refused_unless_forced(inferencer, scenes, tmp_path):
    image = scenes[0].image
    for expression in ('the zzz', 'the tree in the center'):
        with pytest.raises(UnknownObjectError, match='It knows airplane, baseball field, .*, windmill. Ask'):
            inferencer(image, expression)
        with pytest.raises(UnknownObjectError):
            segment_image(inferencer.model, image, expression)
    with pytest.warns(ExpressionWarning, match='"the tree": the model was not trained on "tree"'):
        ((forced,),) = inferencer(image, 'the tree', force=True)['predictions']
    assert forced.unknown_words == ('tree',) and forced.mask.shape == image.shape[:2]
    with pytest.warns(ExpressionWarning, match='not trained on "tree"'):
        sample = segment_image(inferencer.model, image, 'the tree', force=True)
    assert (sample.pred_mask.data[0].numpy() == forced.mask).all()


def test_words_that_it_does_not_see_are_named(inferencer, scenes):
    expression = f'the ship on the left {"of the ship on the left " * 3}near the red harbor'
    with pytest.warns(ExpressionWarning, match=r'from "on" on \(on the left near the red harbor\)'):
        ((prediction,),) = inferencer(scenes[0].image, expression)['predictions']
    assert prediction.cut_words == ('on', 'the', 'left', 'near', 'the', 'red', 'harbor')
    assert prediction.unknown_words == ()


def test_weights_without_words_say_so_once_and_answer_everything(scenes, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(inference, 'print_log', lambda message, **_: said.append(message))
    save_file(load_file(find_weights(DEFAULT_WEIGHTS)), tmp_path / 'old.safetensors')
    old = ReferringInferencer(DEFAULT_MODEL, tmp_path / 'old.safetensors', 'cpu', show_progress=False)
    for _ in range(2):
        ((prediction,),) = old(scenes[0].image, 'the purple tree')['predictions']
    assert prediction.unknown_words == ()
    (message,) = said
    assert message.startswith(f'{tmp_path / "old.safetensors"} does not say which words it was trained on')
