# Copyright (c) mmrrsis contributors.
"""MCI, the multi-scale context integration of BTDNet."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.registry import MODELS
from mmrrsis.structures import ContextFeatures, MultimodalFeatures

from ..layers import CrossAttentionBlock, coordinates


@MODELS.register_module()
class MCI(BaseModule):
    """All scales in one sequence of pixels, which the words read and which then reads the words.

    BTDNet, section III-D, equation 5: ``V_con = Flat(Concat(phi(V'_i)))`` over the stages 2 to 4, where ``phi`` maps
    to the width ``D`` of the words; cross-attention between ``V_con`` and the words ``L'`` gives the spatially aware
    words ``L*`` and the semantically aware pixels ``V*``.

    Not in the paper, and chosen here:

    - The order, words first: ``L* = Block(L', V_con)``, then ``V* = Block(V_con, L*)``, each a
      :class:`CrossAttentionBlock` (attention, norm, feed-forward layer, norm). ``depth`` repeats the pair.
    - ``phi`` is a linear layer and a norm of each stage, because stages differ in scale. The bias of its norm also
      tells the stages apart, so there is no stage embedding beside it.
    - Positions. Attention over a sequence of pixels has no order, and Swin's own positions are relative, so nothing
      would tell the ship on the left from the ship on the right. A linear map of each pixel's coordinates, -1 to 1
      across the image, is added to ``V_con``; it is shared by the stages, so a place has one code at every scale and
      every image size. ``with_positions=False`` leaves it out.

    Args:
        visual_channels: Channels ``C_i`` of all stages of the encoder, first stage first. The first stage is handed
            on as it is.
        word_channels: Width ``D`` of the words, and of all results.
        depth: Number of pairs of blocks.
        num_heads: Attention heads.
        ffn_ratio: Width of the feed-forward layers relative to ``D``.
        with_positions: Whether pixels know where they are.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If ``depth`` is less than 1.
    """

    def __init__(
        self,
        visual_channels: Sequence[int],
        word_channels: int,
        depth: int = 1,
        num_heads: int = 8,
        ffn_ratio: float = 4.0,
        with_positions: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if depth < 1:
            raise ValueError(f'model.neck.depth={depth} must be 1 or more: MCI is its cross-attention.')
        self.phi = nn.ModuleList(
            nn.Sequential(nn.Linear(channels, word_channels), nn.LayerNorm(word_channels))
            for channels in visual_channels[1:]
        )
        # Without a bias, as the norm of each stage has one.
        self.position = nn.Linear(2, word_channels, bias=False) if with_positions else None

        def build_blocks() -> nn.ModuleList:
            return nn.ModuleList(CrossAttentionBlock(word_channels, num_heads, ffn_ratio) for _ in range(depth))

        self.word_blocks = build_blocks()
        self.pixel_blocks = build_blocks()

    def forward(self, features: MultimodalFeatures) -> ContextFeatures:
        """Integrate the stages and the words of B samples.

        Args:
            features: Maps ``V'_i`` of all stages in ``visual.layers`` and words ``L'`` ``(B, N, D)`` in ``text``.

        Returns:
            ``V*`` of the stages after the first, ``L*``, and what the encoder gave beside them.

        Raises:
            ValueError: If the number of stages differs from ``visual_channels``.
        """
        finest, *maps = features.visual.layers
        if len(maps) != len(self.phi):
            raise ValueError(
                f'MCI was built for {len(self.phi) + 1} stages but got {len(maps) + 1}. Make '
                'model.neck.visual_channels list the channels of every stage that model.encoder returns.'
            )
        text = features.text
        pixels = torch.cat([self.embed(feature, phi) for feature, phi in zip(maps, self.phi, strict=True)], dim=1)
        # Padding may hold anything, NaN too, and must stay silent in the words that are handed on.
        padding = ~text.word_mask[..., None]
        words = text.words.masked_fill(padding, 0)
        for word_block, pixel_block in zip(self.word_blocks, self.pixel_blocks, strict=True):
            words = word_block(words, pixels)
            pixels = pixel_block(pixels, words, text.word_mask)
        levels = pixels.split([feature.shape[-2:].numel() for feature in maps], dim=1)
        return ContextFeatures(
            levels=tuple(
                level.transpose(1, 2).unflatten(2, feature.shape[-2:])  # (B, H * W, D) -> (B, D, H, W)
                for level, feature in zip(levels, maps, strict=True)
            ),
            finest=finest,
            text=replace(text, words=words.masked_fill(padding, 0)),
        )

    def embed(self, feature: Tensor, phi: nn.Module) -> Tensor:
        """Map ``(B, C_i, H, W)`` to pixels ``(B, H * W, D)`` that know where they are."""
        pixels = phi(feature.flatten(2).transpose(1, 2))
        if self.position is None:
            return pixels
        return pixels + self.position(coordinates(feature).flatten(2).transpose(1, 2))
