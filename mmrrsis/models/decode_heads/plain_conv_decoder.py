# Copyright (c) mmrrsis contributors.
"""A decoder of plain convolutions, what DRCD is compared with."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule, build_norm_layer
from mmseg.models.backbones.resnet import BasicBlock
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS

from .base_mask_head import FOCAL_AND_DICE, BaseMaskHead


@MODELS.register_module()
class PlainConvDecoder(BaseMaskHead[Tensor]):
    """Residual blocks, then stages that double the resolution with a 3x3 convolution each.

    The decoder of CD2FSAN's Table 4a to 4f, before :class:`DRCD` replaces the convolutions of its stages. The paper
    does not draw it. Its width (768) and the resolution of its logits (half the input) are known from the authors'
    demonstration: with patches of 16 pixels that makes three stages.

    Args:
        in_channels: Channels of the fused map.
        channels: Width of the residual blocks.
        num_blocks: Number of residual blocks.
        stage_channels: Width of each stage; each doubles the resolution.
        norm_cfg: Norm of all layers.
        losses: See :class:`BaseMaskHead`.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int = 768,
        num_blocks: int = 3,
        stage_channels: Sequence[int] = (256, 64, 32),
        norm_cfg: dict | None = None,
        losses: Sequence[dict | nn.Module] = FOCAL_AND_DICE,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(losses, init_cfg)
        norm_cfg = norm_cfg or dict(type='BN')
        self.project = ConvModule(in_channels, channels, 1, norm_cfg=norm_cfg)
        self.blocks = nn.Sequential(*(BasicBlock(channels, channels, norm_cfg=norm_cfg) for _ in range(num_blocks)))
        widths = (channels, *stage_channels)
        self.stages = nn.ModuleList(
            nn.Sequential(
                self.build_stage_conv(width_in, width_out),
                build_norm_layer(norm_cfg, width_out)[1],
                nn.ReLU(inplace=True),
            )
            for width_in, width_out in zip(widths[:-1], widths[1:], strict=True)
        )
        self.to_logits = nn.Conv2d(widths[-1], 1, 1)

    def build_stage_conv(self, in_channels: int, out_channels: int) -> nn.Module:
        """Build the 3x3 convolution of a stage; the norm behind it has the bias."""
        return nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)

    def forward(self, fused: Tensor) -> Tensor:
        """Decode a fused map.

        Args:
            fused: ``(B, C, h, w)``.

        Returns:
            Logits ``(B, 1, h * 2**S, w * 2**S)`` with ``S`` stages.
        """
        feature = self.blocks(self.project(fused))
        for stage in self.stages:
            feature = stage(F.interpolate(feature, scale_factor=2, mode='bilinear', align_corners=False))
        return self.to_logits(feature)
