# Copyright (c) mmrrsis contributors.
"""LGCE, the language-guided cross-scale enhancement of the RefSegRS paper, for any number of scales."""

from collections.abc import Sequence
from typing import cast

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.registry import MODELS
from mmrrsis.structures import TextFeatures

from ..layers import CrossAttentionBlock
from .visual_context_neck import VisualContextNeck


class GuidedScale(BaseModule):
    """One scale and its guide: self-attention over guide and pixels, a visit of the guide elsewhere, self-attention.

    Args:
        channels: Channels ``C`` of the scale.
        other_channels: Channels ``C'`` of the scale that the guide visits.
        num_heads: Attention heads.
        ffn_ratio: Width of the feed-forward layers relative to the channels.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        channels: int,
        other_channels: int,
        num_heads: int,
        ffn_ratio: float,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.gather, self.spread = (
            nn.TransformerEncoderLayer(
                channels,
                num_heads,
                int(channels * ffn_ratio),
                dropout=0.0,
                activation='gelu',
                batch_first=True,
                norm_first=True,
            )
            for _ in range(2)
        )
        self.leave = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, other_channels))
        self.visit = CrossAttentionBlock(other_channels, num_heads, ffn_ratio)
        self.come_back = nn.Linear(other_channels, channels)

    def exchange(self, tokens: Tensor, other_tokens: Tensor) -> Tensor:
        """Let the guide of ``tokens`` ``(B, 1 + K, C)`` read the pixels of ``other_tokens`` ``(B, 1 + K', C')``.

        Returns:
            ``(B, 1 + K, C)``: the changed guide and the pixels as they were.
        """
        guide, pixels = tokens[:, :1], tokens[:, 1:]
        visited = self.visit(self.leave(guide), other_tokens[:, 1:])
        return torch.cat((guide + self.come_back(visited), pixels), dim=1)


class LanguageGuidedEnhancement(BaseModule):
    """Scales that exchange what they know through a token made of the expression.

    After the language-guided cross-scale enhancement (LGCE) of Yuan et al. ("RRSIS: Referring Remote Sensing Image
    Segmentation", TGRS 2024): linguistic features guide the enhancement of visual features of several scales, deep and
    shallow. Its model code is not published, so nothing here is checked against it. This follows the form in which
    others have rebuilt it, the multi-scale block of CrossViT (Chen et al., ICCV 2021) with the mean word in the place
    of the class token:

    1. The mean of the real words, mapped to the channels of each scale by a linear layer, is the scale's guide.
    2. Each scale attends to itself, guide and pixels together (``gather``): the guide learns what the scale sees.
    3. Each guide is mapped to the channels of the next scale (that of the last scale to those of the first), reads its
       pixels there by cross-attention, is mapped back and added to what it was.
    4. Each scale attends to itself once more (``spread``), so that its pixels read what the guide brought along.

    The guides are dropped. Chosen here: step 4, which CrossViT gets from its next block and without which no pixel
    would ever see another scale; one layer of each kind, heads and widths; pre-norm self-attention and the post-norm
    cross-attention of :class:`CrossAttentionBlock`; a mean over the real words alone; no position codes.

    Args:
        visual_channels: Channels ``C_i`` of each scale, two scales or more.
        word_channels: Width ``D`` of the words.
        num_heads: Attention heads.
        ffn_ratio: Width of the feed-forward layers relative to the channels.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If there is one scale only, or the heads cannot share its channels.
    """

    def __init__(
        self,
        visual_channels: Sequence[int],
        word_channels: int,
        num_heads: int = 8,
        ffn_ratio: float = 4.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(visual_channels) < 2:
            raise ValueError(f'visual_channels={tuple(visual_channels)} must name two scales or more to be exchanged.')
        if num_heads < 1 or any(channels % num_heads for channels in visual_channels):
            raise ValueError(
                f'num_heads={num_heads} cannot share the channels {tuple(visual_channels)} of the scales. Choose a '
                'divisor of all of them.'
            )
        self.guides = nn.ModuleList(nn.Linear(word_channels, channels) for channels in visual_channels)
        others = (*visual_channels[1:], visual_channels[0])
        self.scales = nn.ModuleList(
            GuidedScale(channels, other, num_heads, ffn_ratio)
            for channels, other in zip(visual_channels, others, strict=True)
        )

    def forward(self, maps: Sequence[Tensor], words: Tensor, word_mask: Tensor) -> tuple[Tensor, ...]:
        """Enhance the scales.

        Args:
            maps: ``(B, C_i, H_i, W_i)`` of each scale.
            words: ``(B, N, D)``.
            word_mask: ``(B, N)`` bool, True at real words.

        Returns:
            Maps of the same shapes.
        """
        # masked_fill, not multiplication: padding may hold NaN, and NaN * 0 is NaN.
        total = words.masked_fill(~word_mask.unsqueeze(-1), 0).sum(1, keepdim=True)
        sentence = total / word_mask.sum(1)[:, None, None].clamp(min=1)  # (B, 1, D)
        scales = [cast(GuidedScale, scale) for scale in self.scales]
        gathered = [
            scale.gather(torch.cat((guide(sentence), feature.flatten(2).transpose(1, 2)), dim=1))
            for scale, guide, feature in zip(scales, self.guides, maps, strict=True)
        ]
        others = (*gathered[1:], gathered[0])
        enhanced = []
        for scale, tokens, other, feature in zip(scales, gathered, others, maps, strict=True):
            pixels = scale.spread(scale.exchange(tokens, other))[:, 1:]
            enhanced.append(pixels.transpose(1, 2).reshape(feature.shape))
        return tuple(enhanced)


@MODELS.register_module()
class LGCE(VisualContextNeck):
    """Scales that exchange what they know through language tokens, in the place of BTDNet's :class:`MCI`.

    BTDNet, section IV-D, Fig. 10. The module is :class:`LanguageGuidedEnhancement` (after Yuan et al., TGRS 2024) in
    the channels of the encoder; what is known of it and what is chosen is said there. It works on the stages that MCI
    integrates, all but the first, which is handed on as it is; BTDNet does not say which stages it had in Fig. 10.

    Args:
        visual_channels: Channels ``C_i`` of all stages of the encoder, first stage first; three stages or more.
        word_channels: Width ``D`` of the words, and of all results.
        num_heads: Attention heads, a divisor of the channels of the stages after the first.
        ffn_ratio: Width of the feed-forward layers relative to the channels.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If there are too few stages, or the heads cannot share their channels.
    """

    def __init__(
        self,
        visual_channels: Sequence[int],
        word_channels: int,
        num_heads: int = 8,
        ffn_ratio: float = 4.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(visual_channels, word_channels, init_cfg)
        self.enhancement = LanguageGuidedEnhancement(visual_channels[1:], word_channels, num_heads, ffn_ratio)

    def integrate(self, maps: tuple[Tensor, ...], text: TextFeatures) -> tuple[Tensor, ...]:
        """Enhance the stages after the first; see :meth:`VisualContextNeck.integrate`."""
        return (maps[0], *self.enhancement(maps[1:], text.words, text.word_mask))
