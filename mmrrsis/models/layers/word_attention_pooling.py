# Copyright (c) mmrrsis contributors.
"""One feature for all words of an expression."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from .cross_attention import CrossAttention


class WordAttentionPooling(BaseModule):
    """``LN(CrossAtt(q, words))`` with one learnable query ``q`` for all expressions.

    No residual connection: the result is made of the expression's own words alone.

    Args:
        channels: Channels ``D`` of the words.
        num_heads: Attention heads.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(self, channels: int, num_heads: int = 8, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.query = nn.Parameter(torch.randn(1, channels))
        self.cross_attention = CrossAttention(channels, num_heads)
        self.norm = nn.LayerNorm(channels)

    def forward(self, words: Tensor, word_mask: Tensor) -> Tensor:
        """Pool words ``(B, N, D)``, of which those in ``word_mask`` ``(B, N)`` are real, to ``(B, 1, D)``."""
        return self.norm(self.cross_attention(self.query.expand(len(words), -1, -1), words, word_mask))
