# Copyright (c) mmrrsis contributors.
import pytest
import torch
from torch.nn import functional as F

from mmrrsis.models.encoders import DualEncoder
from mmrrsis.registry import MODELS
from mmrrsis.structures import ReferringTextBatch

BERT = dict(
    type='BERTStages',
    arch=dict(vocab_size=40, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12),
)
IMAGES = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
TEXT = ReferringTextBatch(
    token_ids=torch.tensor([[1, 5, 6, 2, 0, 0], [1, 7, 8, 9, 10, 2]]),
    token_mask=torch.tensor([[True] * 4 + [False] * 2, [True] * 6]),
    raw=['a', 'b'],
)


def build(**kwargs):
    torch.manual_seed(0)
    settings = dict(image=dict(type='TIMMStages', arch='resnet10t'), text=BERT, channels=16, joint_channels=12)
    return DualEncoder(**{**settings, **kwargs}).eval()


def test_all_maps_have_one_grid_and_width():
    for grid_stage, size in ((1, (8, 12)), (2, (4, 6))):
        visual = build(grid_stage=grid_stage).encode_image(IMAGES)
        assert [tuple(layer.shape) for layer in visual.layers] == [(2, 16, *size)] * 5
        assert visual.joint.shape == (2, 12, *size)


def test_the_last_map_merges_the_stages():
    encoder = build()
    stages = encoder.image(IMAGES)
    projected = [lateral(stage) for lateral, stage in zip(encoder.laterals, stages, strict=True)]
    expected = [
        F.avg_pool2d(projected[0], 2),
        projected[1],
        *(F.interpolate(value, (8, 12), mode='bilinear') for value in projected[2:]),
    ]
    visual = encoder.encode_image(IMAGES)
    for own, value in zip(visual.layers, [*expected, encoder.merge(sum(expected))], strict=True):
        torch.testing.assert_close(own, value)


def test_the_sentence_is_the_mean_of_the_real_words():
    encoder = build()
    features = encoder.encode_text(TEXT)
    words = encoder.text(TEXT.token_ids, TEXT.token_mask)
    expected = torch.stack([words[0, :4].mean(0), words[1].mean(0)])
    torch.testing.assert_close(features.sentence, encoder.text_projection(expected))
    torch.testing.assert_close(features.words, words)


def test_padding_behind_the_longest_expression_is_cut_off():
    encoder = build()
    padded = ReferringTextBatch(F.pad(TEXT.token_ids, (0, 3)), F.pad(TEXT.token_mask, (0, 3)), raw=TEXT.raw)
    features, expected = encoder.encode_text(padded), encoder.encode_text(TEXT)
    assert features.words.shape == (2, 6, 8)
    torch.testing.assert_close(features.words, expected.words)
    torch.testing.assert_close(features.sentence, expected.sentence)


def test_a_grid_that_no_stage_has_is_refused():
    with pytest.raises(ValueError, match='grid_stage=4'):
        build(grid_stage=4)


def test_cd2fsan_learns_on_it():
    norm_cfg = dict(type='GN', num_groups=4)
    encoder = build(norm_cfg=norm_cfg).train()
    neck = MODELS.build(
        dict(
            type='ReferringPyramidNeck',
            layer_selection=dict(
                type='DFSM', visual_channels=16, sentence_channels=12, candidate_layers=(1, 2, 3, 4), hidden_channels=4
            ),
            aggregation=dict(type='SentenceGatedAggregation', visual_channels=16, sentence_channels=12, channels=16),
            alignment=dict(type='MAAM', channels=16, word_channels=8, num_heads=2, norm_cfg=norm_cfg),
        )
    )
    fused = neck(encoder(IMAGES, TEXT))
    assert fused.shape == (2, 16, 8, 12)
    fused.square().mean().backward()
    assert not [name for name, parameter in encoder.named_parameters() if parameter.grad is None]
