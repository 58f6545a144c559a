# Copyright (c) mmrrsis contributors.
"""CIM, the cross-scale interaction of RMSIN, on maps of any size, as a context neck."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS
from mmrrsis.structures import TextFeatures

from .visual_context_neck import VisualContextNeck

#: All stages together are brought to a quarter of their channels, and the parts of the stages within them.
REDUCTION = 4


class ConvFeedForward(nn.Sequential):
    """``x + W_2 relu6(DW(BN(W_1 BN(x))))`` on a map, ``DW`` a 3x3 convolution in groups of two channels.

    Args:
        channels: Channels of the map; there are twice as many between the two layers.
    """

    def __init__(self, channels: int) -> None:
        hidden = 2 * channels
        super().__init__(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, hidden, 1),
            nn.BatchNorm2d(hidden),
            nn.Conv2d(hidden, hidden, 3, padding=1, groups=channels),
            nn.ReLU6(),
            nn.Conv2d(hidden, channels, 1),
        )

    def forward(self, feature: Tensor) -> Tensor:
        """Run the layer on ``(B, C, H, W)``, residual included."""
        return feature + super().forward(feature)


class CrossScaleAttention(nn.Module):
    """Attention of a map's pixels and of two coarser versions of it, residual included.

    All pixels of the three versions attend to each other; a learned linear layer over positions brings them back to
    the pixels of the finest version. A depthwise convolution of the values runs in parallel.

    The official code reads two arrays in an order that is not the one they were written in: values of ``(position,
    channel)`` as ``(channel, position)``, in the parallel convolution and in front of the layer over positions. That
    layer is learned for this order, so it is kept: with another one official weights would give something else.

    Args:
        channels: Channels ``C`` of the map.
        grid_size: Height and width of the map.
        num_heads: Attention heads.
        key_channels: Channels of queries and keys of a head; values have twice as many.
    """

    def __init__(self, channels: int, grid_size: tuple[int, int], num_heads: int = 8, key_channels: int = 32) -> None:
        super().__init__()
        self.grid_size = grid_size
        self.num_heads = num_heads
        self.key_channels = key_channels
        value_channels = 2 * key_channels
        inner = num_heads * value_channels
        self.num_pixels = grid_size[0] * grid_size[1]
        # A stride of s leaves ceil(n / s) of n pixels, as the kernels are padded by half their side.
        num_tokens = sum(-(-grid_size[0] // stride) * -(-grid_size[1] // stride) for stride in (1, 2, 3))
        self.norm = nn.BatchNorm2d(channels)
        self.by_two = nn.Sequential(
            nn.Conv2d(channels, channels, 3, stride=2, padding=1, groups=channels), nn.BatchNorm2d(channels)
        )
        self.by_three = nn.Sequential(
            nn.Conv2d(channels, channels, 5, stride=3, padding=2, groups=channels), nn.BatchNorm2d(channels)
        )
        qkv_channels = num_heads * (2 * key_channels + value_channels)
        self.qkv = nn.Linear(channels, qkv_channels, bias=False)
        self.qkv_norm = nn.BatchNorm1d(qkv_channels)
        self.value_conv = nn.Sequential(nn.Hardswish(), nn.Conv2d(inner, inner, 3, padding=1, groups=inner))
        self.positions = nn.Linear(num_tokens, self.num_pixels)
        self.out = nn.Linear(inner, channels)
        self.project = nn.Sequential(nn.BatchNorm2d(channels), nn.Hardswish(), nn.Conv2d(channels, channels, 1))
        for layer in (self.qkv, self.positions, self.out):  # the start of the official code
            nn.init.trunc_normal_(layer.weight, std=0.02)
        for layer in (self.positions, self.out):
            nn.init.zeros_(layer.bias)

    def forward(self, feature: Tensor) -> Tensor:
        """Run the layer on ``(B, C, *grid_size)``."""
        fine = self.norm(feature)
        tokens = torch.cat([scale.flatten(2) for scale in (fine, self.by_two(fine), self.by_three(fine))], dim=2)
        attended = self.attend(tokens.transpose(1, 2))
        return feature + self.project(attended.transpose(1, 2).unflatten(2, self.grid_size))

    def attend(self, tokens: Tensor) -> Tensor:
        """Let tokens ``(B, T, C)``, those of the finest version first, attend: ``(B, H * W, C)``."""
        batch, num_tokens, _ = tokens.shape
        qkv = self.qkv_norm(self.qkv(tokens).flatten(0, 1)).reshape(batch, num_tokens, self.num_heads, -1)
        queries, keys, values = qkv.transpose(1, 2).tensor_split((self.key_channels, 2 * self.key_channels), dim=3)
        weights = (queries @ keys.transpose(2, 3) * self.key_channels**-0.5).softmax(-1)  # (B, heads, T, T)
        # The two reshapes read (position, channel) as (channel, position); see the class.
        fine_values = values[:, :, : self.num_pixels].reshape(batch, -1, *self.grid_size)
        mixed = self.positions((weights @ values).transpose(1, 2).reshape(batch, -1, num_tokens))
        mixed = mixed + self.value_conv(fine_values).flatten(2)  # (B, inner, H * W)
        return self.out(mixed.transpose(1, 2))


class CrossScaleBlock(nn.Module):
    """Attention, a feed-forward layer of each stage's part, attention, a feed-forward layer of all.

    As in the official code, the map is added twice around the layers of the parts: by each layer to its part, and to
    all parts together.

    Args:
        parts: Channels of each stage's part of the map.
        grid_size: Height and width of the map.
    """

    def __init__(self, parts: Sequence[int], grid_size: tuple[int, int]) -> None:
        super().__init__()
        self.parts = tuple(parts)
        channels = sum(parts)
        self.first_attention = CrossScaleAttention(channels, grid_size)
        self.stage_ffns = nn.ModuleList(ConvFeedForward(part) for part in parts)
        self.second_attention = CrossScaleAttention(channels, grid_size)
        self.ffn = ConvFeedForward(channels)

    def forward(self, feature: Tensor) -> Tensor:
        """Run the block on ``(B, sum of parts, *grid_size)``."""
        feature = self.first_attention(feature)
        parts = [ffn(part) for ffn, part in zip(self.stage_ffns, feature.split(self.parts, dim=1), strict=True)]
        return self.ffn(self.second_attention(feature + torch.cat(parts, dim=1)))


class ScaleAwareGate(nn.Module):
    """``BN(W_l x) * up(hardsigmoid(BN(W_a g))) + up(BN(W_g g))``: what all scales know, given back to one of them.

    Args:
        channels: Channels ``C`` of the stage's map ``x`` and of its part ``g`` of the common map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.local_embedding, self.global_embedding, self.global_gate = (
            nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels)) for _ in range(3)
        )

    def forward(self, local_map: Tensor, global_map: Tensor) -> Tensor:
        """Combine ``(B, C, H, W)`` and ``(B, C, h, w)`` to ``(B, C, H, W)``."""
        gate, added = (
            F.interpolate(part, local_map.shape[-2:], mode='bilinear', align_corners=False)
            for part in (F.hardsigmoid(self.global_gate(global_map)), self.global_embedding(global_map))
        )
        return self.local_embedding(local_map) * gate + added


class CrossScaleInteraction(BaseModule):
    """All stages on one small grid, where they attend to each other at three resolutions, and back to each stage.

    The cross-scale interaction module of RMSIN (Liu et al., CVPR 2024). With the official weights and
    ``grid_size=(15, 15)`` the results are those of the official code on 480 x 480 images: there every stage is pooled
    to the size of the last one, 15 x 15, which the attention has wired in (225 + 64 + 25 = 314 tokens). Here the grid
    is an argument and the maps are pooled to it whatever their size, so that a network takes images of any size; for
    512 x 512 the size of the last stage is (16, 16).

    Args:
        visual_channels: Channels ``C_i`` of each stage, multiples of 4.
        grid_size: Height and width of the grid that all stages are pooled to.
        num_blocks: Number of blocks; 1 is RMSIN's.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If channels are no multiples of 4, or the grid or the number of blocks is not positive.
    """

    def __init__(
        self,
        visual_channels: Sequence[int],
        grid_size: Sequence[int] = (15, 15),
        num_blocks: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if any(channels % REDUCTION for channels in visual_channels):
            raise ValueError(
                f'visual_channels={tuple(visual_channels)} of the cross-scale interaction must be multiples of '
                f'{REDUCTION}, as each stage is reduced to a quarter of its channels.'
            )
        if len(grid_size) != 2 or min(grid_size) < 1:
            raise ValueError(f'grid_size={tuple(grid_size)} must be a height and a width, both 1 or more.')
        if num_blocks < 1:
            raise ValueError(f'num_blocks={num_blocks} must be 1 or more: without a block the stages do not meet.')
        self.visual_channels = tuple(visual_channels)
        self.grid_size = (grid_size[0], grid_size[1])
        parts = [channels // REDUCTION for channels in visual_channels]
        self.reduce = nn.Conv2d(sum(visual_channels), sum(parts), 1)
        self.blocks = nn.Sequential(*(CrossScaleBlock(parts, self.grid_size) for _ in range(num_blocks)))
        self.norm = nn.BatchNorm2d(sum(parts))
        self.expand = nn.Conv2d(sum(parts), sum(visual_channels), 1)
        self.gates = nn.ModuleList(ScaleAwareGate(channels) for channels in visual_channels)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Let the stages interact.

        Args:
            maps: ``(B, C_i, H_i, W_i)`` of each stage.

        Returns:
            Maps of the same shapes.
        """
        pooled = torch.cat([F.adaptive_avg_pool2d(feature, self.grid_size) for feature in maps], dim=1)
        common = self.expand(self.norm(self.blocks(self.reduce(pooled))))
        parts = common.split(self.visual_channels, dim=1)
        return tuple(gate(feature, part) for gate, feature, part in zip(self.gates, maps, parts, strict=True))


@MODELS.register_module()
class CIM(VisualContextNeck):
    """Stages that attend to each other on one small grid, in the place of BTDNet's :class:`MCI`.

    BTDNet, section IV-D, Fig. 10. The module is :class:`CrossScaleInteraction` (Liu et al., CVPR 2024), on all stages
    and in the channels of the encoder as in RMSIN; so the finest map that the decoder gets is the first stage after
    the interaction, not as it left the encoder. No word takes part.

    Args:
        visual_channels: Channels ``C_i`` of all stages of the encoder, first stage first; multiples of 4.
        word_channels: Width ``D`` of the words, and of all results.
        grid_size: Height and width of the grid that all stages are pooled to. RMSIN's is the size of the last stage:
            (15, 15) for 480 x 480 images, (16, 16) for 512 x 512.
        num_blocks: Number of blocks; 1 is RMSIN's.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If the channels, the grid or the number of blocks are not usable.
    """

    def __init__(
        self,
        visual_channels: Sequence[int],
        word_channels: int,
        grid_size: Sequence[int] = (15, 15),
        num_blocks: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(visual_channels, word_channels, init_cfg)
        self.interaction = CrossScaleInteraction(visual_channels, grid_size, num_blocks)

    def integrate(self, maps: tuple[Tensor, ...], text: TextFeatures) -> tuple[Tensor, ...]:
        """Let all stages interact, without the text; see :meth:`VisualContextNeck.integrate`."""
        return self.interaction(maps)
