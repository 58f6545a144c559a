# Copyright (c) mmrrsis contributors.
"""MAAM, the multi-scale adaptive alignment module of CD2FSAN, with its branches for image and text."""

import torch
from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.registry import MODELS
from mmrrsis.structures import TextFeatures

from ..layers import AlignmentBlock


def start_near_zero(layer: nn.Conv1d | nn.Conv2d) -> None:
    """Let a branch begin as next to nothing, so that the module around it begins without it."""
    nn.init.trunc_normal_(layer.weight, std=1e-3)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


@MODELS.register_module()
class ImageMultiscaleConv(BaseModule):
    """Three depthwise-separable branches: fine detail, rows then columns, columns then rows.

    CD2FSAN, section 3.4 (IMC): with ``F' = Conv1x1(F)``,

    ``F_MSA = Conv1x1(cat(b1, b2, b3)) + F'``.

    The formula writes one 3x3 symbol for all branches, the text speaks of a standard 3x3 for fine detail and of a
    dilated one (rate 5) for context. Here ``b1`` is the standard 3x3; ``b2 = DConv3x3(Conv3x1(Conv1x3(F')))`` and
    ``b3 = DConv3x3(Conv1x3(Conv3x1(F')))`` end in the dilated one.

    The last convolution begins near zero, so that in the beginning the result is nearly ``F'`` and the attention that
    follows sees positions and content of the encoder, not three random filters. It does not change the formula, and a
    short training reaches what it otherwise takes much longer for.

    Args:
        channels: Channels ``C`` of the input and of the output.
        dilation: Dilation of the last convolution of ``b2`` and ``b3``.
        norm_cfg: Norm inside the branches.
        act_cfg: Activation inside the branches.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        channels: int,
        dilation: int = 5,
        norm_cfg: dict | None = None,
        act_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        layer_cfg = dict(norm_cfg=norm_cfg, act_cfg=act_cfg or dict(type='GELU'))

        def separable(kernel_size: tuple[int, int], dilation: int = 1) -> nn.Module:
            padding = tuple(dilation * (size // 2) for size in kernel_size)
            return DepthwiseSeparableConvModule(
                channels, channels, kernel_size, padding=padding, dilation=dilation, **layer_cfg
            )

        self.reduce = ConvModule(channels, channels, 1, act_cfg=None)
        self.detail = separable((3, 3))
        self.rows_then_columns = nn.Sequential(separable((1, 3)), separable((3, 1)), separable((3, 3), dilation))
        self.columns_then_rows = nn.Sequential(separable((3, 1)), separable((1, 3)), separable((3, 3), dilation))
        self.merge = nn.Conv2d(3 * channels, channels, 1)
        start_near_zero(self.merge)

    def forward(self, feature: Tensor) -> Tensor:
        """Enrich a map ``(B, C, H, W)`` with three scales; the shape stays."""
        feature = self.reduce(feature)
        branches = (self.detail(feature), self.rows_then_columns(feature), self.columns_then_rows(feature))
        return self.merge(torch.cat(branches, dim=1)) + feature


@MODELS.register_module()
class TextMultiscaleConv(BaseModule):
    """Convolutions of growing reach along the words.

    CD2FSAN, section 3.4 (TMC): ``W1 = Conv1(W)``, ``W2 = Conv3(cat(W, W1))``, ``W' = Conv3(cat(W1, W2)) + W1``.

    The last convolution begins near zero, so that each word begins as itself.
    Padding words are set to zero before every convolution, so they act exactly as the border of a shorter sentence.

    Args:
        in_channels: Width ``D`` of the words.
        channels: Width ``C`` of the result.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(self, in_channels: int, channels: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.conv1 = nn.Conv1d(in_channels, channels, 1)
        self.conv2 = nn.Conv1d(in_channels + channels, channels, 3, padding=1)
        self.conv3 = nn.Conv1d(2 * channels, channels, 3, padding=1)
        start_near_zero(self.conv3)

    def forward(self, words: Tensor, word_mask: Tensor) -> Tensor:
        """Enrich words with their neighbours.

        Args:
            words: ``(B, N, D)``.
            word_mask: ``(B, N)`` bool, True at real words.

        Returns:
            ``(B, N, C)``; padding words are zero.
        """
        padding = ~word_mask[:, None]  # (B, 1, N)
        words = words.transpose(1, 2).masked_fill(padding, 0)  # (B, D, N)
        first = self.conv1(words).masked_fill(padding, 0)
        second = self.conv2(torch.cat((words, first), dim=1)).masked_fill(padding, 0)
        third = self.conv3(torch.cat((first, second), dim=1)) + first
        return third.masked_fill(padding, 0).transpose(1, 2)


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
