# Copyright (c) mmrrsis contributors.
"""DRCD, the dynamic rotation correction decoder of CD2FSAN, and its rotating convolution."""

import math
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS

from .plain_conv_decoder import PlainConvDecoder


def rotation_matrices(angles: Tensor, kernel_size: int) -> Tensor:
    """Matrices that rotate flattened kernels with bilinear sampling.

    Bilinear sampling is linear in the kernel, so rotating the ``k * k`` one-hot kernels once per angle gives the
    matrix ``R`` with ``rotated = R @ kernel.flatten()`` for every kernel, however many channels it has. Equal to
    :func:`torch.nn.functional.affine_grid` and ``grid_sample`` (zero padding) on the kernel itself.

    Args:
        angles: ``(...)`` in radians; positive turns the kernel counter-clockwise as seen in the image.
        kernel_size: Side ``k``.

    Returns:
        ``(..., k * k, k * k)``: row = position in the rotated kernel, column = position in the kernel.
    """
    cos, sin, zero = torch.cos(angles), torch.sin(angles), torch.zeros_like(angles)
    # Sampling positions are turned by the opposite angle; image rows point down.
    theta = torch.stack((cos, -sin, zero, sin, cos, zero), dim=-1).reshape(-1, 2, 3)
    taps = kernel_size**2
    one_hot = torch.eye(taps, dtype=angles.dtype, device=angles.device).reshape(1, taps, kernel_size, kernel_size)
    grid = F.affine_grid(theta, [len(theta), taps, kernel_size, kernel_size], align_corners=False)
    rotated = F.grid_sample(one_hot.expand(len(theta), -1, -1, -1), grid, align_corners=False)
    return rotated.flatten(2).transpose(1, 2).reshape(*angles.shape, taps, taps)


@MODELS.register_module()
class DynamicRotationConv2d(BaseModule):
    """Convolution whose kernel is a gated sum of base kernels, each turned by its own angle, per sample.

    CD2FSAN, section 3.5: ``W^(b) = sum_i lambda_i^(b) Rot(W_i, theta_i^(b))``, applied by grouped convolution with
    the batch folded into the groups.

    The paper does not describe the routing network. Here it is that of adaptive rotated convolution (Pu et al., ICCV
    2023): depthwise 3x3, LayerNorm, ReLU, global pooling, two linear heads; gates through a sigmoid, angles through a
    softsign times ``max_angle``.

    Args:
        in_channels: Channels ``C_in``.
        out_channels: Channels ``C_out``.
        kernel_size: Odd side ``k`` of the kernels.
        num_bases: Number ``n`` of base kernels (Table 5 of the paper: 1 to 4, 3 is the default).
        max_angle: Largest rotation in degrees.
        bias: Whether to add a bias.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        num_bases: int = 3,
        max_angle: float = 40.0,
        bias: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.num_bases = num_bases
        self.max_angle = math.radians(max_angle)
        self.weight = nn.Parameter(torch.empty(num_bases, out_channels, in_channels, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.routing = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False),
            nn.GroupNorm(1, in_channels),  # LayerNorm over channels and pixels of a map
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.gate_head = nn.Linear(in_channels, num_bases)
        self.angle_head = nn.Linear(in_channels, num_bases, bias=False)
        for kernel in self.weight:
            nn.init.kaiming_normal_(kernel.data, mode='fan_out', nonlinearity='relu')
        # Small, not zero: equal angles would keep the bases' gradients equal in their routing.
        nn.init.trunc_normal_(self.angle_head.weight, std=0.02)
        nn.init.trunc_normal_(self.gate_head.weight, std=0.02)
        nn.init.zeros_(self.gate_head.bias)

    def route(self, feature: Tensor) -> tuple[Tensor, Tensor]:
        """Predict the rotation of each base kernel.

        Args:
            feature: ``(B, C_in, H, W)``.

        Returns:
            Angles in radians and gates in (0, 1), each ``(B, n)``.
        """
        pooled = self.routing(feature)
        return self.max_angle * F.softsign(self.angle_head(pooled)), torch.sigmoid(self.gate_head(pooled))

    def kernels(self, angles: Tensor, gates: Tensor) -> Tensor:
        """Compose each sample's kernel.

        Args:
            angles: ``(B, n)`` in radians.
            gates: ``(B, n)``.

        Returns:
            ``(B, C_out, C_in, k, k)``.
        """
        # float32 under autocast too: half precision would move the sampling positions.
        rotation = rotation_matrices(angles.float(), self.kernel_size)  # (B, n, k*k, k*k)
        mixing = (gates.float()[..., None, None] * rotation).to(self.weight.dtype)
        kernels = torch.einsum('bnds,nois->boid', mixing, self.weight.flatten(3))
        return kernels.unflatten(-1, (self.kernel_size, self.kernel_size))

    def forward(self, feature: Tensor) -> Tensor:
        """Convolve ``(B, C_in, H, W)`` to ``(B, C_out, H, W)``, each sample with its own kernel."""
        batch, _, height, width = feature.shape
        kernels = self.kernels(*self.route(feature)).flatten(0, 1)  # (B * C_out, C_in, k, k)
        output = F.conv2d(
            feature.reshape(1, -1, height, width),
            kernels.to(feature.dtype),
            padding=self.kernel_size // 2,
            groups=batch,
        ).reshape(batch, self.out_channels, height, width)
        return output if self.bias is None else output + self.bias[:, None, None]


@MODELS.register_module()
class DRCD(PlainConvDecoder):
    """The plain decoder with a rotating convolution in each stage.

    CD2FSAN, section 3.5: "the replacement of a portion of the convolutional layers with DRC". The rotating layers are
    those of the stages, where outlines form; the residual blocks before them see the map at its coarsest.

    Args:
        num_bases: Base kernels of each rotating convolution.
        **kwargs: See :class:`PlainConvDecoder`.
    """

    def __init__(self, *args: Any, num_bases: int = 3, **kwargs: Any) -> None:
        self.num_bases = num_bases  # read while the stages are built
        super().__init__(*args, **kwargs)

    def build_stage_conv(self, in_channels: int, out_channels: int) -> nn.Module:
        """Build the rotating convolution of a stage."""
        return DynamicRotationConv2d(in_channels, out_channels, num_bases=self.num_bases)
