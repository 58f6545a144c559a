# Copyright (c) mmrrsis contributors.
"""Cross-attention with padding, the block around it, the pooling of words."""

import math

import pytest
import torch
from torch.nn import functional as F

from mmrrsis.models.decode_heads.tbtd import WordAttentionPooling
from mmrrsis.models.layers import CrossAttention, CrossAttentionBlock

CHANNELS, HEADS = 8, 2


def attend_by_loops(module, queries, sequence, mask):
    """Softmax attention, one sample, one head, one query at a time, over the real elements only."""
    attention = module.attention
    to_q, to_k, to_v = attention.in_proj_weight.chunk(3)
    bias_q, bias_k, bias_v = attention.in_proj_bias.chunk(3)
    width = CHANNELS // HEADS
    out = torch.zeros_like(queries)
    for b in range(len(queries)):
        real = sequence[b][mask[b]]
        for m, query in enumerate(queries[b]):
            heads = []
            for head in range(HEADS):
                part = slice(head * width, (head + 1) * width)
                q, k, v = to_q[part] @ query + bias_q[part], real @ to_k[part].T + bias_k[part], real @ to_v[part].T
                weights = torch.stack([q @ key / math.sqrt(width) for key in k]).softmax(0)
                heads.append(weights @ (v + bias_v[part]))
            out[b, m] = attention.out_proj.weight @ torch.cat(heads) + attention.out_proj.bias
    return out


def build(layer):
    torch.manual_seed(0)
    layer = layer(CHANNELS, HEADS)
    for name, parameter in layer.named_parameters():
        if 'bias' in name:  # torch starts them at zero, where they hide
            torch.nn.init.normal_(parameter)
    return layer


@pytest.fixture
def batch():
    gen = torch.Generator().manual_seed(1)
    mask = torch.tensor([[1, 0, 1, 0, 0], [1, 1, 1, 1, 1]]).bool()
    return torch.randn(2, 3, CHANNELS, generator=gen), torch.randn(2, 5, CHANNELS, generator=gen), mask


def test_attention_equals_its_formula(batch):
    attention, (queries, sequence, mask) = build(CrossAttention), batch
    torch.testing.assert_close(attention(*batch), attend_by_loops(attention, *batch), atol=1e-5, rtol=1e-4)
    everything = torch.ones_like(mask)
    expected = attend_by_loops(attention, queries, sequence, everything)
    torch.testing.assert_close(attention(queries, sequence), expected, atol=1e-5, rtol=1e-4)


def test_attention_ignores_what_padding_holds(batch):
    attention, (queries, sequence, mask) = build(CrossAttention), batch
    before = attention(*batch)
    after = attention(queries, sequence.masked_fill(~mask[..., None], float('nan')), mask)
    torch.testing.assert_close(after, before)
    after.sum().backward()
    assert all(p.grad.isfinite().all() for p in attention.parameters())


def test_attention_to_nothing_is_zero_and_leaves_the_other_sample_alone(batch):
    attention, (queries, sequence, mask) = build(CrossAttention), batch
    before = attention(*batch)
    mask[0] = False
    after = attention(queries, sequence, mask)
    assert (after[0] == 0).all()
    torch.testing.assert_close(after[1], before[1])
    after.sum().backward()
    assert all(p.grad.isfinite().all() for p in attention.parameters())


def test_block_equals_its_formula(batch):
    block = build(CrossAttentionBlock)

    def norm(value, layer):
        centred = value - value.mean(-1, keepdim=True)
        return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * layer.weight + layer.bias

    hidden = norm(batch[0] + attend_by_loops(block.cross_attention, *batch), block.attention_norm)
    first, second = (layer for layer in block.ffn.modules() if isinstance(layer, torch.nn.Linear))
    assert first.out_features == 4 * CHANNELS
    expected = norm(hidden + second(F.gelu(first(hidden))), block.ffn_norm)
    torch.testing.assert_close(block(*batch), expected, atol=1e-5, rtol=1e-4)


def test_pooling_is_made_of_the_real_words_alone(batch):
    pooling, (_, words, mask) = build(WordAttentionPooling), batch
    query = pooling.query.expand(2, 1, CHANNELS)
    attended = attend_by_loops(pooling.cross_attention, query, words, mask)
    expected = F.layer_norm(attended, (CHANNELS,), pooling.norm.weight, pooling.norm.bias)
    torch.testing.assert_close(pooling(words, mask), expected, atol=1e-5, rtol=1e-4)
