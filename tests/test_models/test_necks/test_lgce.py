# Copyright (c) mmrrsis contributors.
import pytest
import torch

from mmrrsis.registry import MODELS

from ..context_batch import parameters_without_gradient
from ..neck_batch import CHANNELS, STAGE_CHANNELS, make_features, maps_of


def build(**kwargs):
    torch.manual_seed(0)
    cfg = dict(type='LGCE', visual_channels=STAGE_CHANNELS, word_channels=CHANNELS, num_heads=2)
    return MODELS.build({**cfg, **kwargs})


def self_attention(tokens, layer):
    """A pre-norm transformer layer with two heads on ``(K, C)``, written out."""
    channels, normed = tokens.shape[1], layer.norm1(tokens)
    weight, bias = layer.self_attn.in_proj_weight, layer.self_attn.in_proj_bias
    queries, keys, values = (normed @ weight.T + bias).chunk(3, dim=1)
    attended = []
    for head in torch.arange(channels).chunk(2):
        affinity = queries[:, head] @ keys[:, head].T / len(head) ** 0.5
        attended.append(affinity.softmax(1) @ values[:, head])
    tokens = tokens + layer.self_attn.out_proj(torch.cat(attended, dim=1))
    hidden = torch.nn.functional.gelu(layer.linear1(layer.norm2(tokens)))
    return tokens + layer.linear2(hidden)


def test_guides_gather_visit_the_next_scale_and_spread():
    neck, features = build(), make_features()
    core, text, context = neck.enhancement, features.text, neck(features)
    for sample, count in enumerate((4, 6)):
        sentence = text.words[sample, :count].mean(0)
        gathered = []
        for stage, (scale, guide) in enumerate(zip(core.scales, core.guides, strict=True), start=1):
            pixels = features.visual.layers[stage][sample].flatten(1).T
            gathered.append(self_attention(torch.cat((guide(sentence)[None], pixels)), scale.gather))
        for stage, scale in enumerate(core.scales):
            own, other = gathered[stage], gathered[(stage + 1) % 3]
            visited = scale.visit(scale.leave(own[:1])[None], other[None, 1:])[0]
            tokens = torch.cat((own[:1] + scale.come_back(visited), own[1:]))
            linear, norm = neck.projections[stage]
            expected = norm(linear(self_attention(tokens, scale.spread)[1:])).T
            level = context.levels[stage][sample].flatten(1)
            torch.testing.assert_close(level, expected, atol=1e-5, rtol=1e-5)


def test_the_first_stage_stays_as_it_was():
    features = make_features()
    assert build()(features).finest is features.visual.layers[0]


def test_words_and_the_next_scale_reach_the_pixels():
    neck, features = build(), make_features()
    before = neck(features)
    features.text.words = features.text.words + 1
    for one, other in zip(neck(features).levels, before.levels, strict=True):
        assert (one - other).abs().max() > 1e-3
    before = neck(features)
    layers = list(features.visual.layers)
    layers[2] = layers[2] + torch.linspace(-1, 1, layers[2].numel()).view_as(layers[2])
    features.visual.layers = tuple(layers)
    changes = [(one - other).abs().max() for one, other in zip(neck(features).levels, before.levels, strict=True)]
    assert changes[0] > 1e-4  # its guide visited the changed scale
    assert changes[1] > 1e-2
    assert changes[2] < 1e-5  # its guide visited the first of the three


def test_a_text_without_words_stays_finite():
    features = make_features()
    features.text.word_mask[0] = False
    assert all(one.isfinite().all() for one in maps_of(build()(features)))


def test_every_parameter_gets_a_gradient():
    neck = build()
    torch.manual_seed(0)
    sum((one * torch.randn_like(one)).sum() for one in maps_of(neck(make_features()))).backward()
    assert parameters_without_gradient(neck) == []


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(visual_channels=(4, 8)), r'visual_channels=\(8,\) must name two scales or more'),
        (dict(num_heads=8), r'num_heads=8 cannot share the channels \(8, 12, 16\)'),
    ],
)
def test_faulty_settings_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)
