# Copyright (c) mmrrsis contributors.
"""Attention from one sequence to another."""

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
