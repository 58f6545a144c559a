# Copyright (c) mmrrsis contributors.
import pytest
import torch
from torch.nn import functional as F

from mmrrsis.models.fusions import TanhGate

from ..fusion_batch import C, build_fusion, make_batch
from ..official_lavt import read, stages


@pytest.mark.parametrize('case', ['', 'rect_'])
def test_four_stages_of_lavt_with_its_official_weights(case):
    arrays = read('lavt')[0]
    for number, layer in enumerate(stages('lavt', case), start=1):
        torch.testing.assert_close(layer, arrays[f'{case}out/feat_c{number}'], atol=1e-4, rtol=1e-4)


def normalize(pixels):
    """Each channel of ``(H * W, C)`` to zero mean and unit variance."""
    return (pixels - pixels.mean(0)) / (pixels.var(0, unbiased=False) + 1e-5).sqrt()


@pytest.mark.parametrize('num_heads', [1, 2, 3])
def test_pixel_by_pixel(num_heads):
    pwam, (visual, words, word_mask) = build_fusion('PWAM', num_heads=num_heads), make_batch()
    fused = pwam(visual, words, word_mask)
    for sample, count in enumerate((4, 6)):
        pixels, real = visual[sample].flatten(1).T, words[sample, :count]
        queries, keys, values = normalize(pixels @ pwam.query.weight.T), pwam.key(real), pwam.value(real)
        gathered = torch.zeros_like(pixels)
        for head in torch.arange(C).chunk(num_heads):
            for pixel in range(len(pixels)):
                weights = (queries[pixel, head] * keys[:, head]).sum(1).div(C**0.5).softmax(0)
                gathered[pixel, head] = weights @ values[:, head]
        gathered = normalize(gathered @ pwam.attended.weight.T)
        output = F.gelu(pwam.merge(F.gelu(pwam.visual(pixels)) * gathered))
        torch.testing.assert_close(fused.output[sample].flatten(1).T, output, atol=1e-5, rtol=1e-5)
        first, second = pwam.language_gate.gate[0].weight, pwam.language_gate.gate[2].weight
        gated = torch.tanh((output @ first.T).relu() @ second.T) * output
        torch.testing.assert_close(fused.visual[sample].flatten(1).T, pixels + gated, atol=1e-5, rtol=1e-5)
    assert fused.words is words


def test_heads_that_cannot_share_the_channels_are_named():
    with pytest.raises(ValueError, match='num_heads=4 of PWAM cannot share 6 channels'):
        build_fusion('PWAM', num_heads=4)


def test_gate_starts_nearly_shut_and_is_bounded_by_its_input():
    torch.manual_seed(0)
    gate, feature = TanhGate(64), torch.randn(3, 64)
    assert 0 < (gate(feature) / feature).abs().max() < 0.1
    for layer in (gate.gate[0], gate.gate[2]):
        torch.nn.init.normal_(layer.weight)
    assert (gate(feature).abs() <= feature.abs()).all()
    assert (gate(torch.zeros(3, 64)) == 0).all()
