# Copyright (c) mmrrsis contributors.
import pytest
import torch

from mmrrsis.registry import MODELS
from mmrrsis.structures import MultimodalFeatures, TextFeatures, VisualFeatures

CANDIDATES = (2, 3, 4, 5)


def build_dfsm(**kwargs):
    torch.manual_seed(0)
    cfg = dict(type='DFSM', visual_channels=6, sentence_channels=4, candidate_layers=CANDIDATES, hidden_channels=8)
    return MODELS.build({**cfg, **kwargs})


def make_features(batch=8, requires_grad=False):
    gen = torch.Generator().manual_seed(0)
    visual = tuple(torch.randn(batch, 6, 4, 4, generator=gen).requires_grad_(requires_grad) for _ in range(6))
    mask = torch.ones(batch, 3, dtype=torch.bool)
    text = TextFeatures(torch.randn(batch, 3, 4, generator=gen), mask, torch.randn(batch, 4, generator=gen))
    return MultimodalFeatures(VisualFeatures(visual, visual[-1]), text)


def sharpen(dfsm):
    """Make the selection follow the similarities, so that samples choose differently."""
    count = len(dfsm.candidate_layers)
    first, _, second = dfsm.selection
    torch.nn.init.zeros_(first.weight)
    torch.nn.init.zeros_(second.weight)
    for index in range(count):
        first.weight.data[index, index] = 1.0
        second.weight.data[index, index] = 5.0
    torch.nn.init.constant_(first.bias, 1.0)  # cosine + 1 >= 0 passes the ReLU
    return dfsm


def test_scores_are_cosines_of_pooled_layers():
    dfsm, features = build_dfsm(), make_features(batch=2)
    scores = dfsm.similarities([features.visual.layers[layer - 1] for layer in CANDIDATES], features.text.sentence)
    for sample in range(2):
        for position, layer in enumerate(CANDIDATES):
            pooled = features.visual.layers[layer - 1][sample].flatten(1).mean(1)
            vector = dfsm.visual_to_text.weight @ pooled + dfsm.visual_to_text.bias
            sentence = features.text.sentence[sample]
            expected = (vector @ sentence) / (vector.norm() * sentence.norm())
            torch.testing.assert_close(scores[sample, position], expected)


def test_each_sample_gets_its_own_two_best_layers_in_order_of_depth():
    dfsm, features = sharpen(build_dfsm()), make_features()
    selection = dfsm(features)
    assert len({tuple(row) for row in selection.layers.tolist()}) > 1  # samples of one batch differ
    for sample in range(8):
        weights = selection.scores[sample]
        best = sorted(sorted(range(4), key=lambda i: -weights[i])[:2])
        layers = [CANDIDATES[i] for i in best]
        assert selection.layers[sample].tolist() == [*layers, 6]
        for feature, layer in zip(selection.features, [*layers, 6], strict=True):
            torch.testing.assert_close(feature[sample], features.visual.layers[layer - 1][sample])


def test_weights_are_a_distribution():
    scores = build_dfsm()(make_features()).scores
    torch.testing.assert_close(scores.sum(1), torch.ones(8))
    assert (scores > 0).all()


def test_straight_through_changes_the_gradient_but_not_the_value():
    features = make_features()
    with_gradient, without = build_dfsm(), build_dfsm(straight_through=False)
    for one, other in zip(with_gradient(features).features, without(features).features, strict=True):
        torch.testing.assert_close(one, other, atol=0, rtol=0)
    sum(feature.square().sum() for feature in with_gradient(features).features).backward()
    for name, parameter in with_gradient.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
    assert not any(feature.requires_grad for feature in without(features).features)


def test_gradient_of_the_weights_is_that_of_a_product():
    """d(loss)/dw_k = <d(loss)/dF_k, F_k>, as if the map had been multiplied by its weight divided by itself."""
    dfsm, features = build_dfsm(), make_features(batch=1)
    selection = dfsm(features)
    selection.scores.retain_grad()
    selection.features[0].sum().backward()
    chosen = CANDIDATES.index(selection.layers[0, 0].item())
    expected = torch.zeros(4)
    expected[chosen] = features.visual.layers[CANDIDATES[chosen] - 1].sum()
    torch.testing.assert_close(selection.scores.grad[0], expected)


def test_batch_equals_single_samples():
    dfsm, features = sharpen(build_dfsm()), make_features(batch=2)
    both = dfsm(features)
    for sample in range(2):
        part = slice(sample, sample + 1)
        text = TextFeatures(features.text.words[part], features.text.word_mask[part], features.text.sentence[part])
        visual = VisualFeatures(tuple(layer[part] for layer in features.visual.layers), features.visual.joint[part])
        single = dfsm(MultimodalFeatures(visual, text))
        assert single.layers.tolist() == both.layers[part].tolist()
        for one, many in zip(single.features, both.features, strict=True):
            torch.testing.assert_close(one, many[part])


def test_too_deep_candidate_is_named():
    with pytest.raises(ValueError, match=r'candidate_layers=\(2, 7\) but the image encoder returns 6 layers'):
        build_dfsm(candidate_layers=(7, 2))(make_features())


def test_one_candidate_is_refused():
    with pytest.raises(ValueError, match='at least two different layers'):
        build_dfsm(candidate_layers=(4, 4))
