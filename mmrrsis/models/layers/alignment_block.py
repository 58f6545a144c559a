# Copyright (c) mmrrsis contributors.
"""Self-attention over pixels, cross-attention to words."""

from mmcv.cnn import build_norm_layer
from mmcv.cnn.bricks.transformer import FFN
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.registry import MODELS

from .cross_attention import CrossAttention


class AlignmentBlock(BaseModule):
    """Pre-norm residual block that aligns a visual map with words.

    ``x += SelfAttention(V(x))``, ``x += CrossAttention(query=x, key=value=words)``, ``x += FFN(x)``, each on the
    normalised input. ``V`` is the identity, or a module that enriches the map first (IMC in MAAM).

    The paper names self- and cross-attention; pre-norm, residuals and the feed-forward layer are our choice.

    Args:
        channels: Channels ``C`` of map and words.
        num_heads: Attention heads.
        ffn_ratio: Width of the feed-forward layer relative to ``C``.
        visual_conv: Config of a module ``(B, C, H, W) -> (B, C, H, W)`` in front of the self-attention.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        ffn_ratio: float,
        visual_conv: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        norm_cfg = dict(type='LN')
        self.self_norm, self.cross_norm, self.ffn_norm = (build_norm_layer(norm_cfg, channels)[1] for _ in range(3))
        self.visual_conv = nn.Identity() if visual_conv is None else MODELS.build(visual_conv)
        self.self_attention = CrossAttention(channels, num_heads)
        self.cross_attention = CrossAttention(channels, num_heads)
        self.ffn = FFN(channels, int(channels * ffn_ratio), act_cfg=dict(type='GELU'))

    def forward(self, feature: Tensor, words: Tensor, word_mask: Tensor) -> Tensor:
        """Align.

        Args:
            feature: ``(B, C, H, W)``.
            words: ``(B, N, C)``.
            word_mask: ``(B, N)`` bool, True at real words; the others get no attention.

        Returns:
            ``(B, C, H, W)``.
        """
        shape = feature.shape
        pixels = feature.flatten(2).transpose(1, 2)  # (B, H * W, C)
        enriched = self.self_norm(pixels).transpose(1, 2).reshape(shape)
        enriched = self.visual_conv(enriched).flatten(2).transpose(1, 2)
        pixels = pixels + self.self_attention(enriched, enriched)
        pixels = pixels + self.cross_attention(self.cross_norm(pixels), words, word_mask)
        pixels = self.ffn(self.ffn_norm(pixels), identity=pixels)
        return pixels.transpose(1, 2).reshape(shape)
