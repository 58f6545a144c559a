# Copyright (c) mmrrsis contributors.

import pytest
import torch

from mmrrsis.registry import MODELS

from ..context_batch import (
    CHANNELS,
    make_context,
    parameters_without_gradient,
    sample_of,
    with_more_padding,
    with_text,
)


def build(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(dict(type='DMOLS', channels=CHANNELS, num_heads=4, **kwargs))


def test_pixels_read_the_words_then_masked_words_read_the_pixels():
    module, context = build(), make_context()
    rebuilt = module(context)
    for b in range(2):
        pixels = [
            level[b, :, y, x]
            for level in context.levels
            for y, x in torch.cartesian_prod(*map(torch.arange, level.shape[2:]))
        ]
        real = context.text.word_mask[b]
        pixels = module.pixel_block(torch.stack(pixels)[None], context.text.words[b : b + 1, real])
        expected = module.word_block(context.text.masked_words[b : b + 1, real], pixels)
        torch.testing.assert_close(rebuilt[b, real], expected[0], atol=1e-5, rtol=1e-4)


def test_loss_is_the_mean_squared_distance_over_real_words():
    module, context = build(loss_weight=0.25), make_context()
    rebuilt = module(context)
    distances = []
    for b in range(2):
        for n in range(7):
            if context.text.word_mask[b, n]:  # the key phrase included
                distance = sum(
                    (rebuilt[b, n, c] - context.text.reference_words[b, n, c]) ** 2 for c in range(CHANNELS)
                )
                distances.append(distance.item() / CHANNELS)
    assert len(distances) == 4 + 7
    assert module.loss(context).item() == pytest.approx(0.25 * sum(distances) / 11, rel=1e-5)


def test_key_phrase_counts_and_padding_does_not():
    module, context = build(), make_context()
    before = module.loss(context)
    context.text.reference_words[0, 1] += 1.0  # the key phrase of the first sample
    key_phrase = module.loss(context)
    assert (key_phrase - before).abs() > 1e-3
    for words in (context.text.words, context.text.masked_words, context.text.reference_words):
        words[0, 4:] = float('nan')
    after = module.loss(context)
    torch.testing.assert_close(after, key_phrase)
    after.backward()
    assert all(p.grad.isfinite().all() for p in module.parameters())
    torch.testing.assert_close(module.loss(with_more_padding(context)), after)


def test_no_gradient_passes_through_the_reference():
    module, context = build(), make_context()
    context.text.reference_words.requires_grad_()
    context.text.masked_words.requires_grad_()
    context.levels[0].requires_grad_()
    context.text.words.requires_grad_()
    module.loss(context).backward()
    assert context.text.reference_words.grad is None
    for tensor in (context.text.masked_words, context.levels[0], context.text.words):
        assert tensor.grad.abs().sum() > 0


def test_batch_equals_single_samples():
    module, context = build(), make_context()
    both = module(context)
    for b in range(2):
        real = context.text.word_mask[b]
        torch.testing.assert_close(module(sample_of(context, b))[0, real], both[b, real], atol=1e-5, rtol=1e-4)


def test_every_parameter_gets_a_gradient():
    module = build()
    module.loss(make_context()).backward()
    assert parameters_without_gradient(module) == []


def test_loss_is_computed_in_float32():
    context = make_context()
    with torch.autocast('cpu', torch.bfloat16):
        assert build().loss(context).dtype == torch.float32


def test_missing_features_name_the_keys_that_give_them():
    module, context = build(), make_context()
    with pytest.raises(ValueError, match=r'reference_words.*model\.encoder\.encode_reference=True'):
        module.loss(with_text(context, reference_words=None))
    with pytest.raises(ValueError, match=r'masked_words.*encode_masked=True.*\.reconstruction=None'):
        module.loss(with_text(context, masked_words=None))
