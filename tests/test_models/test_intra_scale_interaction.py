# Copyright (c) mmrrsis contributors.
import pytest
import torch
from context_batch import parameters_without_gradient
from fusion_batch import (
    C,
    D,
    assert_batch_is_its_samples,
    assert_finite_without_words,
    assert_padding_is_ignored,
    make_batch,
    open_gates,
)
from official_lavt import read, stages
from torch import nn

from mmrrsis.registry import MODELS


def build(**kwargs):
    """Build in evaluation mode, with norms that have seen something."""
    torch.manual_seed(0)
    iim = MODELS.build(dict(type='IIM', visual_channels=C, word_channels=D, **kwargs))
    for module in iim.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.normal_(module.weight, mean=1.0)
            nn.init.uniform_(module.bias)  # positive, so that the rectifier between the layers lets something through
    return open_gates(iim).eval()


def test_last_stages_of_rmsin_with_its_official_weights():
    arrays = read('rmsin')[0]
    for number, layer in enumerate(stages('rmsin')[2:], start=3):
        torch.testing.assert_close(layer, arrays[f'out/precim_c{number}'], atol=2e-4, rtol=1e-4)


def norm(value, layer):
    scale = layer.weight / (layer.running_var + layer.eps).sqrt()
    return (value - layer.running_mean) * scale + layer.bias


def receptive(feature, layer):
    """Run one layer on ``(H, W)``, pixel by pixel."""
    height, width = feature.shape
    narrow = norm(feature * layer.window[0].weight.item(), layer.window[1])
    kernel, out = layer.window[2].weight[0, 0], torch.zeros_like(feature)
    for y in range(height):
        for x in range(width):
            total = 0.0
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    if 0 <= y + dy < height and 0 <= x + dx < width:
                        total += kernel[dy + 1, dx + 1] * narrow[y + dy, x + dx]
            out[y, x] = norm(total, layer.window[3])
    return out + norm(feature * layer.point[0].weight.item(), layer.point[1]) + norm(feature, layer.identity)


def test_visual_branch_is_added_to_pwam():
    iim, (visual, words, word_mask) = build(), make_batch()
    fused = iim(visual, words, word_mask)
    pwam = MODELS.build(dict(type='PWAM', visual_channels=C, word_channels=D)).eval()
    pwam.load_state_dict({key: value for key, value in iim.state_dict().items() if key in pwam.state_dict()})
    aligned = pwam(visual, words, word_mask)
    torch.testing.assert_close(fused.output, aligned.output)
    assert fused.words is words
    for sample in range(2):
        first = receptive(visual[sample].mean(0), iim.pixel_weight[0]).relu()
        weighted = visual[sample] * torch.sigmoid(receptive(first, iim.pixel_weight[2]))
        hidden = torch.einsum('oc,chw->ohw', iim.visual_gate.gate[0].weight, weighted).relu()
        gate = torch.einsum('oc,chw->ohw', iim.visual_gate.gate[2].weight, hidden).tanh()
        expected = aligned.visual[sample] + gate * weighted
        torch.testing.assert_close(fused.visual[sample], expected, atol=1e-5, rtol=1e-5)


def test_padding_is_ignored():
    assert_padding_is_ignored(build())


def test_a_batch_is_its_samples():
    assert_batch_is_its_samples(build())


def test_a_text_without_words_stays_finite():
    assert_finite_without_words(build())


def test_every_parameter_gets_a_gradient():
    iim = build()  # in training, the norms cancel the scale of the convolutions of one channel
    fused = iim(*make_batch())
    (fused.visual.square().sum() + fused.output.square().sum()).backward()
    assert parameters_without_gradient(iim) == []


def test_heads_that_cannot_share_the_channels_are_named():
    with pytest.raises(ValueError, match='num_heads=4 of IIM cannot share 6 channels'):
        build(num_heads=4)
