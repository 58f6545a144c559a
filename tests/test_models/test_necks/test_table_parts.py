# Copyright (c) mmrrsis contributors.
"""The parts that rows of the ablation tables put in place of DFSM, MAAM and DRCD."""

import pytest
import torch
from torch.nn import functional as F

from mmrrsis.registry import MODELS
from mmrrsis.structures import MultimodalFeatures, TextFeatures, VisualFeatures


def make_features(batch=2, layers=6):
    gen = torch.Generator().manual_seed(0)
    visual = tuple(torch.randn(batch, 6, 4, 4, generator=gen) for _ in range(layers))
    mask = torch.tensor([[True, True, True], [True, True, False]])[:batch]
    words, sentence = torch.randn(batch, 3, 4, generator=gen), torch.randn(batch, 4, generator=gen)
    return MultimodalFeatures(VisualFeatures(visual, visual[-1]), TextFeatures(words, mask, sentence))


def build(**cfg):
    torch.manual_seed(0)
    return MODELS.build(cfg)


def test_last_layer_selection_is_the_last_layer():
    features = make_features()
    selection = build(type='LastLayerSelection')(features)
    assert len(selection.features) == 1 and selection.features[0] is features.visual.layers[-1]
    assert selection.layers.tolist() == [[6], [6]] and selection.scores is None


def test_fixed_layer_selection_counts_from_one():
    features = make_features()
    selection = build(type='FixedLayerSelection', layers=(2, 5, 6))(features)
    assert [one is features.visual.layers[i] for one, i in zip(selection.features, (1, 4, 5), strict=True)] == [
        True
    ] * 3
    assert selection.layers.tolist() == [[2, 5, 6]] * 2 and selection.scores is None


@pytest.mark.parametrize('layers', [(), (0, 3), (3, 2), (2, 2)])
def test_fixed_layer_selection_refuses(layers):
    with pytest.raises(ValueError, match='ascending order, counted from 1'):
        build(type='FixedLayerSelection', layers=layers)


def test_fixed_layer_selection_says_which_layers_there_are():
    with pytest.raises(ValueError, match=r'layers=\(4, 7, 12\) but the image encoder returns 6'):
        build(type='FixedLayerSelection', layers=(4, 7, 12))(make_features())


def test_plain_transformer_attends_pixels_then_words():
    part = build(type='PlainTransformerAlignment', channels=8, word_channels=4, num_heads=2).eval()
    text, feature = make_features().text, torch.randn(2, 8, 3, 5)
    block = part.blocks[0]

    def attend(module, query, key, valid):
        """Attention of two heads, written out."""
        wq, wk, wv = module.attention.in_proj_weight.chunk(3)
        bq, bk, bv = module.attention.in_proj_bias.chunk(3)
        heads = []
        for head in range(2):
            part = slice(4 * head, 4 * head + 4)
            scores = (query @ wq[part].T + bq[part]) @ (key @ wk[part].T + bk[part]).transpose(1, 2) / 2
            scores = scores.masked_fill(~valid[:, None], -torch.inf)
            heads.append(scores.softmax(-1) @ (key @ wv[part].T + bv[part]))
        return module.attention.out_proj(torch.cat(heads, -1))

    pixels, words = feature.flatten(2).transpose(1, 2), part.word_projection(text.words)
    normed = F.layer_norm(pixels, (8,), block.self_norm.weight, block.self_norm.bias)
    pixels = pixels + attend(block.self_attention, normed, normed, torch.ones(2, 15, dtype=torch.bool))
    normed = F.layer_norm(pixels, (8,), block.cross_norm.weight, block.cross_norm.bias)
    pixels = pixels + attend(block.cross_attention, normed, words, text.word_mask)
    pixels = pixels + block.ffn.layers(F.layer_norm(pixels, (8,), block.ffn_norm.weight, block.ffn_norm.bias))
    torch.testing.assert_close(part(feature, text), pixels.transpose(1, 2).reshape(2, 8, 3, 5))


def test_plain_transformer_has_no_multiscale_convolutions():
    part = build(type='PlainTransformerAlignment', channels=8, word_channels=4, num_heads=2)
    assert not any(isinstance(module, (torch.nn.Conv1d, torch.nn.Conv2d)) for module in part.modules())


def test_decoders_differ_in_the_stages_convolutions_only():
    sizes = dict(
        in_channels=6, channels=8, num_blocks=1, stage_channels=(8, 4), norm_cfg=dict(type='GN', num_groups=2)
    )
    plain, rotating = build(type='PlainConvDecoder', **sizes), build(type='DRCD', **sizes)
    assert plain(torch.randn(2, 6, 5, 7)).shape == (2, 1, 20, 28)
    kinds = [[type(stage[0]).__name__ for stage in decoder.stages] for decoder in (plain, rotating)]
    assert kinds == [['Conv2d'] * 2, ['DynamicRotationConv2d'] * 2]
    shapes = [
        {k: v.shape for k, v in d.state_dict().items() if '.0.' not in k or 'stages' not in k}
        for d in (plain, rotating)
    ]
    assert shapes[0] == shapes[1]
    assert rotating.stages[0][0].num_bases == 3  # the paper's
    assert build(type='DRCD', num_bases=2, **sizes).stages[1][0].weight.shape[0] == 2


def test_plain_decoder_upsamples_then_convolves():
    decoder = build(
        type='PlainConvDecoder', in_channels=3, channels=4, num_blocks=0, stage_channels=(4,),
        norm_cfg=dict(type='GN', num_groups=2),
    )  # fmt: skip
    fused = torch.randn(1, 3, 4, 4)
    feature = F.interpolate(decoder.project(fused), scale_factor=2, mode='bilinear', align_corners=False)
    feature = F.conv2d(feature, decoder.stages[0][0].weight, padding=1)
    feature = F.relu(F.group_norm(feature, 2, decoder.stages[0][1].weight, decoder.stages[0][1].bias))
    torch.testing.assert_close(decoder(fused), decoder.to_logits(feature))
