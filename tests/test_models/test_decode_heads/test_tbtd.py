# Copyright (c) mmrrsis contributors.

import pytest
import torch
from mmengine.model import BaseModel
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from mmrrsis.registry import MODELS
from mmrrsis.structures import ContextFeatures, TextFeatures

from ..context_batch import (
    CHANNELS,
    FINEST_CHANNELS,
    SIZES,
    make_context,
    parameters_without_gradient,
    sample_of,
    with_more_padding,
    with_text,
)

RECONSTRUCTION = dict(type='DMOLS', channels=CHANNELS, num_heads=4)


def build(**kwargs):
    torch.manual_seed(0)
    cfg = dict(type='TBTD', channels=CHANNELS, finest_channels=FINEST_CHANNELS, num_heads=4)
    return MODELS.build({**cfg, **kwargs})


def make_target():
    target = torch.zeros(2, 1, 26, 22, dtype=torch.bool)
    target[0, :, 3:9, 4:20] = target[1, :, 12:, :5] = True
    return target


def v_pred(head, context):
    """The map of the paper, made in full: top-down over the levels, then the first stage."""
    feature = context.levels[-1]
    for level in context.levels[-2::-1]:
        feature = level + F.interpolate(feature, level.shape[-2:], mode='bilinear', align_corners=False)
    finest = context.finest
    mean, var = finest.mean(1, keepdim=True), finest.var(1, keepdim=True, unbiased=False)
    norm = head.finest_norm
    finest = (finest - mean) / (var + 1e-5).sqrt() * norm.weight[:, None, None] + norm.bias[:, None, None]
    weight, bias = head.finest_projection.weight[..., None, None], head.finest_projection.bias
    up = F.interpolate(feature, finest.shape[-2:], mode='bilinear', align_corners=False)
    return up + F.conv2d(finest, weight, bias)


def randomise(head):
    """Leave the start of norms, whose scale and shift do nothing there."""
    torch.nn.init.normal_(head.finest_norm.weight)
    torch.nn.init.normal_(head.finest_norm.bias)
    return head


@pytest.mark.parametrize('use_prior', [True, False])
def test_logits_are_target_less_the_likeliest_background(use_prior):
    head, context = randomise(build(num_background_tokens=3, use_prior=use_prior)), make_context()
    pixels = v_pred(head, context)
    target = head.target_query(context.text.words, context.text.word_mask)
    if use_prior:
        tokens = head.background_tokens.expand(2, -1, -1)
        tokens = head.prior_block(tokens, context.text.masked_words, context.text.masked_word_mask)
    else:
        tokens = torch.stack([head.background_tokens] * 2)
    logits = head(context)
    assert logits.shape == (2, 1, *SIZES[0])
    winners = set()
    for b in range(2):
        for y in range(SIZES[0][0]):
            for x in range(SIZES[0][1]):
                pixel = pixels[b, :, y, x]
                background = [(token @ pixel).item() / 4 for token in tokens[b]]  # 4 = sqrt(16)
                winners.add(background.index(max(background)))
                expected = (target[b, 0] @ pixel).item() / 4 - max(background)
                assert logits[b, 0, y, x].item() == pytest.approx(expected, abs=2e-5, rel=1e-4)
    assert len(winners) > 1  # the maximum is over more than one kind of background


def test_without_a_background_stream_logits_are_the_targets_score():
    head, context = randomise(build(background_stream=False)), make_context()
    query = head.target_query(context.text.words, context.text.word_mask)[:, 0]
    expected = torch.einsum('bd,bdhw->bhw', query, v_pred(head, context))[:, None] / 4
    torch.testing.assert_close(head(context), expected, atol=2e-5, rtol=1e-4)
    names = {name.split('.')[0] for name, _ in head.named_parameters()}
    assert names == {'finest_norm', 'finest_projection', 'target_query'}


def test_levels_add_up():
    head = build(channels=4, finest_channels=2, num_heads=1)
    torch.nn.init.zeros_(head.finest_projection.weight)
    torch.nn.init.constant_(head.finest_projection.bias, 0.5)
    levels = tuple(torch.full((1, 4, *size), value) for size, value in zip(SIZES[1:], (1.0, 2.0, 4.0), strict=True))
    text = TextFeatures(torch.zeros(1, 1, 4), torch.ones(1, 1).bool())
    context = ContextFeatures(levels, torch.randn(1, 2, *SIZES[0]), text)
    scores = head.match(torch.tensor([[[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 2.0, 0.0]]]), context)
    # (1 + 2 + 4 + 0.5) in each of 4 channels, over sqrt(4)
    torch.testing.assert_close(scores, torch.tensor([15.0, 7.5])[None, :, None, None].expand(1, 2, *SIZES[0]))


def test_padding_and_the_hidden_key_phrase_are_ignored():
    head, context = build(), make_context()
    before = head(context)
    torch.testing.assert_close(head(with_more_padding(context)), before, atol=1e-5, rtol=1e-4)
    words = context.text.words.masked_fill(~context.text.word_mask[..., None], float('nan'))
    masked_words = context.text.masked_words.masked_fill(~context.text.masked_word_mask[..., None], float('nan'))
    torch.testing.assert_close(head(with_text(context, words=words, masked_words=masked_words)), before)


def test_every_real_word_counts():
    head, context = build(), make_context()
    before = head(context)
    for name, mask in (('words', context.text.word_mask), ('masked_words', context.text.masked_word_mask)):
        for b, n in mask.nonzero().tolist():
            changed = getattr(context.text, name).clone()
            changed[b, n] += torch.linspace(-3, 3, CHANNELS)
            difference = (head(with_text(context, **{name: changed})) - before).abs().amax((1, 2, 3))
            assert difference[b] > 1e-4 and difference[1 - b] == 0, (name, b, n)


def test_expression_of_nothing_but_a_key_phrase():
    head, context = build(), make_context()
    masked_word_mask = torch.zeros_like(context.text.masked_word_mask)
    masked_word_mask[:, 0] = masked_word_mask[:, 3] = True  # [CLS] and [SEP]
    masked_word_mask[1] = False  # not even these
    logits = head(with_text(context, masked_word_mask=masked_word_mask))
    assert logits.isfinite().all()
    logits.sum().backward()
    assert all(p.grad.isfinite().all() for p in head.parameters())


def test_batch_equals_single_samples():
    head, context = build(), make_context()
    both = head(context)
    for b in range(2):
        torch.testing.assert_close(head(sample_of(context, b)), both[b : b + 1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('reconstruction', [None, RECONSTRUCTION])
@pytest.mark.parametrize('background', [{}, dict(use_prior=False), dict(background_stream=False)])
def test_every_parameter_gets_a_gradient(background, reconstruction):
    head = build(reconstruction=reconstruction, **background)
    sum(head.loss(make_context(), make_target()).values()).backward()
    assert parameters_without_gradient(head) == []


def test_total_loss():
    losses = (dict(type='TargetBackgroundLoss', foreground_weight=0.7),)
    head = build(losses=losses, reconstruction=dict(**RECONSTRUCTION, loss_weight=0.2))
    context, target = make_context(), make_target()
    probability = F.interpolate(head(context), (26, 22), mode='bilinear', align_corners=False).sigmoid()
    foreground = -torch.where(target, probability.log(), 0).sum() / target.numel()
    background = -torch.where(target, 0, (1 - probability).log()).sum() / target.numel()
    difference = head.reconstruction(context) - context.text.reference_words
    rebuilt = torch.cat((difference[0, :4], difference[1])).square().sum() / (11 * CHANNELS)
    result = head.loss(context, target)
    assert set(result) == {'loss_ce', 'loss_re'}
    total, _ = BaseModel.parse_losses(None, result)  # as the training loop adds them up
    torch.testing.assert_close(total, 0.7 * foreground + 0.3 * background + 0.2 * rebuilt)


def test_the_papers_weights_are_the_default():
    head = build(reconstruction=RECONSTRUCTION)
    assert [loss.foreground_weight for loss in head.losses] == [0.6]
    assert head.reconstruction.loss_weight == 0.1
    assert head.background_tokens.shape == (5, CHANNELS)


def test_reconstruction_costs_nothing_at_inference():
    context, calls = make_context(), []
    with_module, without = build(reconstruction=RECONSTRUCTION), build()
    for module in with_module.reconstruction.modules():
        module.register_forward_hook(lambda *_: calls.append(1))
    flops = []
    for head in (with_module.eval(), without.eval()):
        with FlopCounterMode(display=False) as counter:
            head(with_text(context, reference_words=None))
        flops.append(counter.get_total_flops())
    assert flops[0] == flops[1] > 0
    assert not calls
    with_module.loss(context, make_target())
    assert calls


def test_missing_features_name_the_keys_that_give_them():
    context = make_context()
    head = build(reconstruction=RECONSTRUCTION)
    with pytest.raises(ValueError, match=r'model\.encoder\.encode_reference=True'):
        head.loss(with_text(context, reference_words=None), make_target())
    with pytest.raises(ValueError, match=r'masked_words.*model\.encoder\.encode_masked=True.*\.use_prior=False'):
        head(with_text(context, masked_words=None, masked_word_mask=None))
    assert build(use_prior=False)(with_text(context, masked_words=None, masked_word_mask=None)).isfinite().all()


def test_background_stream_without_tokens_is_refused():
    with pytest.raises(ValueError, match=r'num_background_tokens=0 .*model\.decode_head\.background_stream=False'):
        build(num_background_tokens=0)


def test_half_precision_loss_is_float32():
    head = build(reconstruction=RECONSTRUCTION)
    with torch.autocast('cpu', torch.bfloat16):
        losses = head.loss(make_context(), make_target())
    assert all(loss.dtype == torch.float32 and loss.isfinite() for loss in losses.values())
