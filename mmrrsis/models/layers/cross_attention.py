# Copyright (c) mmrrsis contributors.
"""Attention from one sequence to another, alone and with a feed-forward layer."""

from mmcv.cnn.bricks.transformer import FFN
from mmengine.model import BaseModule
from torch import Tensor, nn


class CrossAttention(BaseModule):
    """Multi-head attention of queries to a sequence, some of whose elements may be padding.

    Torch's module on its fused path: no attention map is kept, so 5,000 pixels cost no more memory than their
    features.

    Args:
        channels: Channels ``C`` of queries and sequence.
        num_heads: Attention heads.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(self, channels: int, num_heads: int = 8, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.attention = nn.MultiheadAttention(channels, num_heads, batch_first=True)

    def forward(self, queries: Tensor, sequence: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend.

        Args:
            queries: ``(B, M, C)``.
            sequence: ``(B, K, C)``, the keys and values.
            mask: ``(B, K)`` bool, True at real elements; None if all are. The others change nothing, whatever they
                hold.

        Returns:
            ``(B, M, C)``, zero for a sample without a real element.
        """
        if mask is None:
            return self.attention(queries, sequence, sequence, need_weights=False)[0]
        # A weight of zero is not enough: padding may hold NaN, and NaN * 0 is NaN.
        sequence = sequence.masked_fill(~mask[..., None], 0)
        # Before torch 2.5 a softmax over nothing is NaN, so a sample without an element attends to its zeros and the
        # result is dropped.
        empty = ~mask.any(1, keepdim=True)  # (B, 1)
        attended = self.attention(queries, sequence, sequence, key_padding_mask=~(mask | empty), need_weights=False)[0]
        return attended.masked_fill(empty[..., None], 0)


class CrossAttentionBlock(BaseModule):
    """``x = LN(x + CrossAtt(x, s))``, ``x = LN(x + FFN(x))``: a decoder layer without its self-attention.

    The norm after the sum is that of the Transformer (Vaswani et al., NeurIPS 2017), which BTDNet cites for its
    cross-attention. It also gives every result the same scale, whatever the scale of the features that come in.

    Args:
        channels: Channels ``C`` of queries and sequence.
        num_heads: Attention heads.
        ffn_ratio: Width of the feed-forward layer relative to ``C``; 4 as in the Transformer.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self, channels: int, num_heads: int = 8, ffn_ratio: float = 4.0, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.cross_attention = CrossAttention(channels, num_heads)
        self.attention_norm = nn.LayerNorm(channels)
        self.ffn = FFN(channels, int(channels * ffn_ratio), act_cfg=dict(type='GELU'))  # adds its input itself
        self.ffn_norm = nn.LayerNorm(channels)

    def forward(self, queries: Tensor, sequence: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let each query take from the sequence what it needs.

        Args:
            queries: ``(B, M, C)``.
            sequence: ``(B, K, C)``.
            mask: ``(B, K)`` bool, True at real elements of the sequence; None if all are.

        Returns:
            ``(B, M, C)``.
        """
        queries = self.attention_norm(queries + self.cross_attention(queries, sequence, mask))
        return self.ffn_norm(self.ffn(queries))
