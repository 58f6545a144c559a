# Copyright (c) mmrrsis contributors.
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmrrsis.models.necks.cim import CrossScaleInteraction
from mmrrsis.registry import MODELS

from ..context_batch import parameters_without_gradient
from ..neck_batch import CHANNELS, STAGE_CHANNELS, assert_context_is_complete, make_features, maps_of
from ..official_lavt import interaction_state_dict, read, stages


def build(**kwargs):
    """Build in evaluation mode, with norms that have seen something."""
    torch.manual_seed(0)
    cfg = dict(type='CIM', visual_channels=STAGE_CHANNELS, word_channels=CHANNELS, grid_size=(4, 3))
    neck = MODELS.build({**cfg, **kwargs})
    for module in neck.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return neck.eval()


def test_last_stages_of_rmsin_with_its_official_weights():
    arrays, backbone = read('rmsin')
    interaction = CrossScaleInteraction((12, 24, 48, 96)).eval()
    interaction.load_state_dict(interaction_state_dict(backbone))
    with torch.no_grad():
        maps = interaction(stages('rmsin'))
    assert [tuple(one.shape) for one in maps] == [tuple(one.shape) for one in stages('rmsin')]
    for number in (3, 4):
        torch.testing.assert_close(maps[number - 1], arrays[f'out/feat_c{number}'], atol=2e-4, rtol=1e-4)


def test_stages_meet_on_the_grid_and_go_back():
    neck, features = build(), make_features()
    core, maps = neck.interaction, features.visual.layers
    pooled = torch.cat([F.adaptive_avg_pool2d(one, (4, 3)) for one in maps], dim=1)
    parts = core.expand(core.norm(core.blocks(core.reduce(pooled)))).split(STAGE_CHANNELS, dim=1)
    context = neck(features)
    for stage, (before, part, gate) in enumerate(zip(maps, parts, core.gates, strict=True)):
        weight = F.relu6(gate.global_gate(part) + 3) / 6
        weight, added = (
            F.interpolate(one, before.shape[-2:], mode='bilinear') for one in (weight, gate.global_embedding(part))
        )
        expected = gate.local_embedding(before) * weight + added
        if stage:
            linear, norm = neck.projections[stage - 1]
            expected = norm(linear(expected.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        torch.testing.assert_close(maps_of(context)[stage], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('grid_size', [(1, 1), (2, 5), (6, 6)])
def test_any_grid_serves_maps_of_any_size(grid_size):
    features = make_features()
    assert_context_is_complete(build(grid_size=grid_size)(features), features)


def test_every_stage_reaches_every_other():
    neck, features = build(), make_features()
    before = neck(features)
    for stage in range(4):
        layers = list(features.visual.layers)
        layers[stage] = layers[stage] + 1
        features.visual.layers = tuple(layers)
        after = neck(features)
        for one, other in zip(maps_of(after), maps_of(before), strict=True):
            assert (one - other).abs().max() > 1e-4
        before = after


@pytest.mark.parametrize('num_blocks', [1, 2])
def test_every_parameter_gets_a_gradient(num_blocks):
    neck = build(num_blocks=num_blocks)  # in training, the norms cancel the biases in front of them
    torch.manual_seed(0)
    sum((one * torch.randn_like(one)).sum() for one in maps_of(neck(make_features()))).backward()
    assert parameters_without_gradient(neck) == []


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(visual_channels=(4, 8, 10, 16)), r'visual_channels=\(4, 8, 10, 16\).*must be multiples of 4'),
        (dict(grid_size=(15, 0)), r'grid_size=\(15, 0\) must be a height and a width'),
        (dict(grid_size=(15,)), 'must be a height and a width'),
        (dict(num_blocks=0), 'num_blocks=0 must be 1 or more'),
    ],
)
def test_faulty_settings_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)


def test_linear_layers_start_as_in_the_official_code():
    torch.manual_seed(0)
    attention = CrossScaleInteraction((16, 32)).blocks[0].first_attention
    for layer in (attention.qkv, attention.positions, attention.out):
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1)
        assert layer.bias is None or not layer.bias.any()
