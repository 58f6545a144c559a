# Copyright (c) mmrrsis contributors.
"""IMC, the image multi-scale convolution of CD2FSAN."""

import torch
from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.registry import MODELS


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
        nn.init.trunc_normal_(self.merge.weight, std=1e-3)
        nn.init.zeros_(self.merge.bias)

    def forward(self, feature: Tensor) -> Tensor:
        """Enrich a map ``(B, C, H, W)`` with three scales; the shape stays."""
        feature = self.reduce(feature)
        branches = (self.detail(feature), self.rows_then_columns(feature), self.columns_then_rows(feature))
        return self.merge(torch.cat(branches, dim=1)) + feature
