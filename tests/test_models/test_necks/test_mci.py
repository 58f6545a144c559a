# Copyright (c) mmrrsis contributors.
import pytest
import torch
from torch.nn import functional as F

from mmrrsis.registry import MODELS
from mmrrsis.structures import MultimodalFeatures, TextFeatures, VisualFeatures

from ..context_batch import SIZES, parameters_without_gradient
from ..neck_batch import make_features

STAGE_CHANNELS, CHANNELS = (6, 5, 7, 9), 16


def build(**kwargs):
    torch.manual_seed(0)
    cfg = dict(type='MCI', visual_channels=STAGE_CHANNELS, word_channels=CHANNELS, num_heads=4)
    return MODELS.build({**cfg, **kwargs})


def assert_same(one, other):
    for a, b in zip((*one.levels, one.text.words), (*other.levels, other.text.words), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('depth', [1, 2])
def test_words_read_all_scales_then_pixels_read_the_words(depth):
    neck, features = build(depth=depth), make_features(STAGE_CHANNELS, CHANNELS)
    text = features.text
    context = neck(features)
    for b in range(2):
        pixels = []
        for feature, (linear, norm) in zip(features.visual.layers[1:], neck.phi, strict=True):
            height, width = feature.shape[-2:]
            for y in range(height):
                for x in range(width):
                    place = torch.tensor([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1])
                    value = F.layer_norm(linear(feature[b, :, y, x]), (CHANNELS,), norm.weight, norm.bias)
                    pixels.append(value + neck.position.weight @ place)
        pixels = torch.stack(pixels)[None]
        words = text.words[b : b + 1, text.word_mask[b]]
        for word_block, pixel_block in zip(neck.word_blocks, neck.pixel_blocks, strict=True):
            words = word_block(words, pixels)
            pixels = pixel_block(pixels, words)
        torch.testing.assert_close(context.text.words[b, text.word_mask[b]], words[0], atol=1e-5, rtol=1e-4)
        assert (context.text.words[b, ~text.word_mask[b]] == 0).all()
        values = iter(pixels[0])
        for level, (height, width) in zip(context.levels, SIZES[1:], strict=True):
            assert level.shape == (2, CHANNELS, height, width)
            for y in range(height):
                for x in range(width):
                    torch.testing.assert_close(level[b, :, y, x], next(values), atol=1e-5, rtol=1e-4)


def test_what_the_decoder_needs_besides_is_handed_on_as_it_is():
    features = make_features(STAGE_CHANNELS, CHANNELS)
    context = build()(features)
    assert context.finest is features.visual.layers[0]
    for name in ('word_mask', 'masked_words', 'masked_word_mask', 'reference_words'):
        assert getattr(context.text, name) is getattr(features.text, name)


def test_padding_words_are_ignored():
    neck, features = build(depth=2), make_features(STAGE_CHANNELS, CHANNELS)
    text = features.text
    before = neck(features)
    text.words = text.words.masked_fill(~text.word_mask[..., None], float('nan'))
    after = neck(features)
    assert_same(after, before)
    (after.text.words.sum() + sum(level.sum() for level in after.levels)).backward()
    assert all(p.grad.isfinite().all() for p in neck.parameters())


def test_more_padding_changes_nothing():
    neck, features = build(depth=2), make_features(STAGE_CHANNELS, CHANNELS)
    text = features.text
    before = neck(features)
    text.words, text.word_mask = F.pad(text.words, (0, 0, 0, 3), value=9.0), F.pad(text.word_mask, (0, 3))
    after = neck(features)
    after.text.words = after.text.words[:, :6]
    assert_same(after, before)


def test_batch_equals_single_samples():
    neck, features = build(), make_features(STAGE_CHANNELS, CHANNELS)
    both = neck(features)
    for b in range(2):
        part = slice(b, b + 1)
        single = neck(
            MultimodalFeatures(
                VisualFeatures(tuple(layer[part] for layer in features.visual.layers)),
                TextFeatures(features.text.words[part], features.text.word_mask[part]),
            )
        )
        both_b = type(both)(
            tuple(level[part] for level in both.levels),
            both.finest,
            TextFeatures(both.text.words[part], both.text.word_mask[part]),
        )
        assert_same(single, both_b)


@pytest.mark.parametrize('with_positions', [True, False])
def test_positions_tell_left_from_right(with_positions):
    neck, features = build(with_positions=with_positions), make_features(STAGE_CHANNELS, CHANNELS)
    before = neck(features)
    features.visual.layers = tuple(layer.flip(3) for layer in features.visual.layers)
    after = neck(features)
    difference = max((a.flip(3) - b).abs().max() for a, b in zip(after.levels, before.levels, strict=True))
    words = (after.text.words - before.text.words).abs().max()
    assert (difference > 1e-2 and words > 1e-3) if with_positions else (difference < 1e-5 and words < 1e-5)


@pytest.mark.parametrize('with_positions', [True, False])
def test_every_parameter_gets_a_gradient(with_positions):
    neck = build(depth=2, with_positions=with_positions)
    context = neck(make_features(STAGE_CHANNELS, CHANNELS))
    (context.text.words.square().sum() + sum(level[:, :3].sum() for level in context.levels)).backward()
    assert parameters_without_gradient(neck) == []


def test_wrong_number_of_stages_names_both_counts():
    features = make_features(STAGE_CHANNELS, CHANNELS)
    features.visual.layers = features.visual.layers[:3]
    with pytest.raises(ValueError, match='built for 4 stages but got 3. Make model.neck.visual_channels'):
        build()(features)


def test_depth_of_zero_is_refused():
    with pytest.raises(ValueError, match=r'model.neck.depth=0 must be 1 or more'):
        build(depth=0)
