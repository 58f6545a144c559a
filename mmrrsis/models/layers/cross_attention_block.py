# Copyright (c) mmrrsis contributors.
"""Cross-attention and a feed-forward layer."""

from mmcv.cnn.bricks.transformer import FFN
from mmengine.model import BaseModule
from torch import Tensor, nn

from .cross_attention import CrossAttention


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
