# Copyright (c) mmrrsis contributors.
"""DRCD, the dynamic rotation correction decoder of CD2FSAN."""

from typing import Any

from mmrrsis.registry import MODELS

from ..layers import DynamicRotationConv2d
from .plain_conv_decoder import PlainConvDecoder


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
        super().__init__(*args, **kwargs)
        for stage in self.stages:
            plain = stage[0]
            stage[0] = DynamicRotationConv2d(plain.in_channels, plain.out_channels, num_bases=num_bases)
