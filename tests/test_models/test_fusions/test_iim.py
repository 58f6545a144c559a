# Copyright (c) mmrrsis contributors.
import pytest
import torch

from mmrrsis.registry import MODELS

from ..fusion_batch import C, D, build_fusion, make_batch
from ..official_lavt import read, stages


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
    iim, (visual, words, word_mask) = build_fusion('IIM'), make_batch()
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


def test_heads_that_cannot_share_the_channels_are_named():
    with pytest.raises(ValueError, match='num_heads=4 of IIM cannot share 6 channels'):
        build_fusion('IIM', num_heads=4)
