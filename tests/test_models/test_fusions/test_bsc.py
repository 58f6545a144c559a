# Copyright (c) mmrrsis contributors.
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmrrsis.models.fusions.bsc import MaskedInstanceNorm
from mmrrsis.registry import MODELS

C, D, INNER = 6, 5, 4


def build(**kwargs):
    torch.manual_seed(0)
    bsc = MODELS.build(dict(type='BSC', visual_channels=C, word_channels=D, inner_channels=INNER, **kwargs))
    with torch.no_grad():  # no two windows alike, no norm at its start
        for parameter in bsc.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.5)
    return bsc


@pytest.fixture
def batch():
    gen = torch.Generator().manual_seed(0)
    visual = torch.randn(2, C, 5, 7, generator=gen)
    words = torch.randn(2, 6, D, generator=gen)
    return visual, words, torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]]).bool()


def unfold_pixels(visual, k):
    """(H * W, C * k * k) by torch's unfold."""
    return F.unfold(visual[None], k, padding=k // 2)[0].T


def unfold_words(words, k):
    """(N, D * k) by a loop; word n sees n - (k - 1) // 2 up to n + k // 2."""
    rows = []
    for n in range(len(words)):
        window = range(n - (k - 1) // 2, n + k // 2 + 1)
        rows.append(torch.stack([words[m] if 0 <= m < len(words) else torch.zeros(D) for m in window], 1).flatten())
    return torch.stack(rows)


def norm(gate, weight, bias):
    """Over pixels or words, per channel."""
    return (gate - gate.mean(0)) / (gate.var(0, correction=0) + 1e-5).sqrt() * weight + bias


def reference(bsc, visual, words, image_windows, text_windows):
    """Equations 2 to 4 for one sample without padding, windows unfolded."""
    pixels = visual.flatten(1).T
    v2l, l2v = 0, 0
    for k, alpha, conv in zip(image_windows, bsc.alpha, bsc.pixel_queries, strict=True):
        queries = unfold_pixels(visual, k) @ conv.weight.flatten(1).T + conv.bias
        v2l = v2l + alpha * (queries @ (words @ bsc.word_key.weight.T).T / INNER**0.5).softmax(1)
    for k, beta, conv in zip(text_windows, bsc.beta, bsc.word_queries, strict=True):
        queries = unfold_words(words, k) @ conv.weight.flatten(1).T + conv.bias
        l2v = l2v + beta * (queries @ (pixels @ bsc.pixel_key.weight.T).T / INNER**0.5).softmax(1)
    visual_gate = norm((v2l @ words) @ bsc.visual_gate.weight.T, bsc.visual_norm.weight, bsc.visual_norm.bias)
    word_gate = norm((l2v @ pixels) @ bsc.word_gate.weight.T, bsc.word_norm.weight, bsc.word_norm.bias)
    return (visual_gate * pixels + pixels).T.reshape(visual.shape), word_gate * words + words


@pytest.mark.parametrize(
    ('image_windows', 'text_windows'), [((1, 3, 5), (1, 2, 3)), ((1,), (2,)), ((3,), (4,)), ((5, 7), (3, 1))]
)
def test_equals_the_unfolded_formula(batch, image_windows, text_windows):
    bsc = build(image_windows=image_windows, text_windows=text_windows)
    visual, words, word_mask = batch
    fused_visual, fused_words = bsc(visual, words, word_mask)
    for sample, count in enumerate(word_mask.sum(1)):
        # Without its padding a text is the same: a window over padding holds the zeros that lie beyond its end.
        expected = reference(bsc, visual[sample], words[sample, :count], image_windows, text_windows)
        torch.testing.assert_close(fused_visual[sample], expected[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(fused_words[sample, :count], expected[1], atol=1e-5, rtol=1e-5)


def test_start_is_the_plain_formula():
    bsc = MODELS.build(dict(type='BSC', visual_channels=C, word_channels=D))
    torch.testing.assert_close(bsc.alpha, torch.full((3,), 1 / 3))
    torch.testing.assert_close(bsc.beta, torch.full((3,), 1 / 3))
    for layer in (bsc.visual_norm, bsc.word_norm):
        assert (layer.weight == 1).all()
        assert (layer.bias == 0).all()


def test_padding_changes_nothing_and_stays(batch):
    bsc = build()
    visual, words, word_mask = batch
    before = bsc(visual, words, word_mask)
    changed = words.clone()
    changed[0, 4:] = float('nan')
    after = bsc(visual, changed, word_mask)
    torch.testing.assert_close(after[0], before[0])
    torch.testing.assert_close(after[1][word_mask], before[1][word_mask])
    torch.testing.assert_close(before[1][~word_mask], words[~word_mask])


def test_a_batch_is_its_samples(batch):
    bsc = build()
    both = bsc(*batch)
    for sample in range(2):
        alone = bsc(*(part[sample : sample + 1] for part in batch))
        for one, other in zip(alone, both, strict=True):
            torch.testing.assert_close(one[0], other[sample])


def test_a_text_without_words_stays_finite(batch):
    visual, words, word_mask = batch
    word_mask[0] = False
    for fused in build()(visual, words, word_mask):
        assert fused.isfinite().all()


def test_every_parameter_gets_a_gradient(batch):
    torch.manual_seed(0)
    bsc = MODELS.build(dict(type='BSC', visual_channels=C, word_channels=D, inner_channels=INNER))
    visual, words = bsc(*batch)
    (visual.square().sum() + words.square().sum()).backward()
    for name, parameter in bsc.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 1e-4, name


@pytest.mark.parametrize(('direction', 'kept'), [('v2l', 1), ('l2v', 0)])
def test_one_direction_leaves_the_other_input_and_has_no_other_parameters(batch, direction, kept):
    bsc, both = build(directions=(direction,)), build()
    weights = {name: value for name, value in both.state_dict().items() if name in bsc.state_dict()}
    bsc.load_state_dict(weights)
    fused = bsc(*batch)
    assert torch.equal(fused[kept], batch[kept])
    torch.testing.assert_close(fused[1 - kept], both(*batch)[1 - kept])
    fused[1 - kept].square().sum().backward()
    assert all(parameter.grad is not None for parameter in bsc.parameters())


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(directions=('v2t',)), r"directions=\('v2t',\) of BSC must list"),
        (dict(directions='v2l'), "directions='v2l' of BSC must list"),
        (dict(directions=()), 'must list one or both'),
        (dict(image_windows=(1, 2)), r'image_windows=\(1, 2\) of BSC must be odd'),
        (dict(text_windows=(0,)), 'text_windows.*one or more words'),
        (dict(text_windows=(2, 2)), 'names a window twice'),
    ],
)
def test_faulty_settings_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)


def test_masked_instance_norm_is_torch_s_on_the_real_words(batch):
    _, words, word_mask = batch
    layer, expected = MaskedInstanceNorm(D), nn.InstanceNorm1d(D)
    normed = layer(words, word_mask)
    torch.testing.assert_close(normed[0, :4], expected(words[:1, :4].transpose(1, 2))[0].T)
    torch.testing.assert_close(normed[1], expected(words[1:].transpose(1, 2))[0].T)
    assert (normed[0, 4:] == 0).all()
