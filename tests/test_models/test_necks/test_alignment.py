# Copyright (c) mmrrsis contributors.
"""IMC, TMC, MAAM and the aggregation in front of them."""

import pytest
import torch
from torch.nn import functional as F

from mmrrsis.models.necks.layer_selection import LayerSelection
from mmrrsis.registry import MODELS
from mmrrsis.structures import TextFeatures


def build(cfg):
    torch.manual_seed(0)
    return MODELS.build(cfg)


def make_text(batch=2, words=6, channels=8):
    gen = torch.Generator().manual_seed(0)
    mask = torch.ones(batch, words, dtype=torch.bool)
    mask[0, 4:] = False
    return TextFeatures(
        torch.randn(batch, words, channels, generator=gen), mask, torch.randn(batch, channels, generator=gen)
    )


def separable(feature, module):
    """A depthwise-separable convolution written with functional calls."""
    depthwise, pointwise = module.depthwise_conv.conv, module.pointwise_conv.conv
    feature = F.conv2d(
        feature,
        depthwise.weight,
        depthwise.bias,
        padding=depthwise.padding,
        dilation=depthwise.dilation,
        groups=len(depthwise.weight),
    )
    return F.gelu(F.conv2d(F.gelu(feature), pointwise.weight, pointwise.bias))


def test_imc_follows_its_formula():
    imc = build(dict(type='ImageMultiscaleConv', channels=4))
    torch.nn.init.normal_(imc.merge.weight)  # it begins near zero, which would hide the branches
    feature = torch.randn(2, 4, 13, 12)
    first = F.conv2d(feature, imc.reduce.conv.weight, imc.reduce.conv.bias)
    branches = [separable(first, imc.detail)]
    for branch in (imc.rows_then_columns, imc.columns_then_rows):
        hidden = first
        for module in branch:
            hidden = separable(hidden, module)
        branches.append(hidden)
    expected = F.conv2d(torch.cat(branches, 1), imc.merge.weight, imc.merge.bias) + first
    torch.testing.assert_close(imc(feature), expected)


def test_imc_and_tmc_begin_as_what_they_enrich():
    imc, feature = build(dict(type='ImageMultiscaleConv', channels=4)), torch.randn(2, 4, 13, 12)
    imc.init_weights()
    torch.testing.assert_close(imc(feature), imc.reduce(feature), atol=0.02, rtol=0)
    tmc, text = build(dict(type='TextMultiscaleConv', in_channels=8, channels=5)), make_text()
    alone = tmc.conv1(text.words.transpose(1, 2)).transpose(1, 2).masked_fill(~text.word_mask[..., None], 0)
    torch.testing.assert_close(tmc(text.words, text.word_mask), alone, atol=0.02, rtol=0)


def test_imc_kernels_are_those_of_the_paper():
    imc = build(dict(type='ImageMultiscaleConv', channels=4))

    def shapes(branch):
        return [(m.depthwise_conv.conv.kernel_size, m.depthwise_conv.conv.dilation) for m in branch]

    assert shapes([imc.detail]) == [((3, 3), (1, 1))]
    assert shapes(imc.rows_then_columns) == [((1, 3), (1, 1)), ((3, 1), (1, 1)), ((3, 3), (5, 5))]
    assert shapes(imc.columns_then_rows) == [((3, 1), (1, 1)), ((1, 3), (1, 1)), ((3, 3), (5, 5))]


def test_tmc_equals_the_formula_on_the_unpadded_sentence():
    tmc, text = build(dict(type='TextMultiscaleConv', in_channels=8, channels=5)), make_text()
    torch.nn.init.normal_(tmc.conv3.weight)  # it begins near zero, which would hide the neighbours
    words = text.words[:1, :4].transpose(1, 2)
    first = F.conv1d(words, tmc.conv1.weight, tmc.conv1.bias)
    second = F.conv1d(torch.cat((words, first), 1), tmc.conv2.weight, tmc.conv2.bias, padding=1)
    third = F.conv1d(torch.cat((first, second), 1), tmc.conv3.weight, tmc.conv3.bias, padding=1) + first
    output = tmc(text.words, text.word_mask)
    torch.testing.assert_close(output[:1, :4], third.transpose(1, 2))
    assert (output[0, 4:] == 0).all()


@pytest.fixture
def maam():
    return build(dict(type='MAAM', channels=16, word_channels=8, depth=2, num_heads=4))


def test_maam_ignores_padding_words(maam):
    feature, text = torch.randn(2, 16, 7, 6), make_text()
    before = maam(feature, text)
    text.words[0, 4:] = float('nan')
    torch.testing.assert_close(maam(feature, text), before)


def test_maam_gives_the_same_with_more_padding(maam):
    feature, text = torch.randn(2, 16, 7, 6), make_text()
    longer = TextFeatures(F.pad(text.words, (0, 0, 0, 3), value=9.0), F.pad(text.word_mask, (0, 3)), text.sentence)
    torch.testing.assert_close(maam(feature, longer), maam(feature, text), atol=1e-5, rtol=1e-4)


def test_maam_listens_to_real_words_and_their_order(maam):
    feature, text = torch.randn(2, 16, 7, 6), make_text()
    before = maam(feature, text)
    swapped = TextFeatures(text.words[:, [1, 0, 2, 3, 4, 5]], text.word_mask, text.sentence)
    assert (maam(feature, swapped) - before).abs().max() > 1e-3


def test_maam_batch_equals_single_samples(maam):
    feature, text = torch.randn(2, 16, 7, 6), make_text()
    both = maam(feature, text)
    for sample in range(2):
        part = slice(sample, sample + 1)
        single = TextFeatures(text.words[part], text.word_mask[part], text.sentence[part])
        torch.testing.assert_close(maam(feature[part], single), both[part], atol=1e-5, rtol=1e-4)


def build_aggregation(num_levels=3):
    return build(
        dict(
            type='SentenceGatedAggregation',
            visual_channels=6,
            sentence_channels=4,
            channels=8,
            num_levels=num_levels,
        )
    )


def make_selection(num_levels=3):
    gen = torch.Generator().manual_seed(0)
    features = tuple(torch.randn(2, 6, 10, 9, generator=gen) for _ in range(num_levels))
    return LayerSelection(features, torch.zeros(2, num_levels, dtype=torch.long))


def test_aggregation_builds_a_pyramid_and_multiplies_it_with_the_sentence():
    aggregation, selection = build_aggregation(), make_selection()
    sentence, joint = torch.randn(2, 4), torch.randn(2, 4, 10, 9)
    levels, sizes = [], []
    for index, feature in enumerate(selection.features):
        for conv in aggregation.downsamples[index]:
            feature = F.conv2d(feature, conv.weight, conv.bias, stride=2, padding=1, groups=6)
        sizes.append(tuple(feature.shape[-2:]))
        height, width = feature.shape[-2:]
        x = torch.tensor([-1 + 2 * column / (width - 1) for column in range(width)]).expand(2, 1, height, width)
        y = torch.tensor([-1 + 2 * row / (height - 1) for row in range(height)])[:, None].expand(2, 1, height, width)
        feature = torch.cat((feature, x, y), dim=1)  # left and top are -1
        conv = aggregation.projections[index].conv
        gate = sentence @ aggregation.gates[index].weight.T + aggregation.gates[index].bias
        level = F.conv2d(feature, conv.weight, conv.bias) * gate[:, :, None, None]
        levels.append(F.interpolate(level, (10, 9), mode='bilinear', align_corners=False))
    assert sizes == [(3, 3), (5, 5), (10, 9)]  # the deepest layer keeps its resolution
    merge = aggregation.merge.conv
    unit_joint = joint / joint.square().mean(1, keepdim=True).sqrt()
    unit_sentence = sentence / sentence.square().mean(1, keepdim=True).sqrt()
    agreement = unit_joint * unit_sentence[:, :, None, None]
    expected = F.conv2d(torch.cat((*levels, agreement), 1), merge.weight, merge.bias)
    torch.testing.assert_close(aggregation(selection, joint, sentence), expected, atol=1e-5, rtol=1e-4)


def test_aggregation_names_a_wrong_number_of_levels():
    with pytest.raises(ValueError, match='built for 3 levels but got 2'):
        build_aggregation()(make_selection(2), torch.randn(2, 4, 10, 9), torch.randn(2, 4))
