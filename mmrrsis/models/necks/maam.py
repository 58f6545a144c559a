# Copyright (c) mmrrsis contributors.
"""MAAM, the multi-scale aggregation and alignment module of CD2FSAN."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.registry import MODELS
from mmrrsis.structures import TextFeatures

from ..layers import AlignmentBlock, TextMultiscaleConv


@MODELS.register_module()
class MAAM(BaseModule):
    """Align the aggregated map with the words: IMC and self-attention, TMC and cross-attention.

    CD2FSAN, section 3.4. Its aggregation half is :class:`SentenceGatedAggregation`. Depth, heads and width are not in
    the paper.

    Args:
        channels: Channels ``C`` of the map.
        word_channels: Width ``D`` of the words.
        depth: Number of alignment blocks; the words pass TMC once.
        num_heads: Attention heads.
        ffn_ratio: Width of the feed-forward layers relative to ``C``.
        dilation: Dilation in IMC.
        norm_cfg: Norm inside IMC.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        channels: int,
        word_channels: int,
        depth: int = 1,
        num_heads: int = 8,
        ffn_ratio: float = 2.0,
        dilation: int = 5,
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.text_conv = TextMultiscaleConv(word_channels, channels)
        visual_conv = dict(type='ImageMultiscaleConv', channels=channels, dilation=dilation, norm_cfg=norm_cfg)
        self.blocks = nn.ModuleList(
            AlignmentBlock(channels, num_heads, ffn_ratio, visual_conv=visual_conv) for _ in range(depth)
        )

    def forward(self, feature: Tensor, text: TextFeatures) -> Tensor:
        """Align ``(B, C, H, W)`` with the words; the shape stays."""
        words = self.text_conv(text.words, text.word_mask)
        for block in self.blocks:
            feature = block(feature, words, text.word_mask)
        return feature
