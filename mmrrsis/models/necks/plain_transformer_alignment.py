# Copyright (c) mmrrsis contributors.
"""Alignment by an ordinary transformer, what MAAM is compared with."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.registry import MODELS
from mmrrsis.structures import TextFeatures

from ..layers import AlignmentBlock


@MODELS.register_module()
class PlainTransformerAlignment(BaseModule):
    """Self-attention over the pixels, cross-attention to the words: MAAM without IMC and TMC.

    The "conventional transformer" of CD2FSAN's Table 4e. A linear layer brings the words to the map's channels.

    Args:
        channels: Channels ``C`` of the map.
        word_channels: Width ``D`` of the words.
        depth: Number of blocks.
        num_heads: Attention heads.
        ffn_ratio: Width of the feed-forward layers relative to ``C``.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        channels: int,
        word_channels: int,
        depth: int = 1,
        num_heads: int = 8,
        ffn_ratio: float = 2.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.word_projection = nn.Linear(word_channels, channels)
        self.blocks = nn.ModuleList(AlignmentBlock(channels, num_heads, ffn_ratio) for _ in range(depth))

    def forward(self, feature: Tensor, text: TextFeatures) -> Tensor:
        """Align ``(B, C, H, W)`` with the words; the shape stays."""
        words = self.word_projection(text.words)
        for block in self.blocks:
            feature = block(feature, words, text.word_mask)
        return feature
