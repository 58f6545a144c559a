# Copyright (c) mmrrsis contributors.
"""Layers that several components share."""

from .alignment_block import AlignmentBlock
from .dynamic_rotation_conv import DynamicRotationConv2d
from .image_multiscale_conv import ImageMultiscaleConv
from .text_multiscale_conv import TextMultiscaleConv

__all__ = ['AlignmentBlock', 'DynamicRotationConv2d', 'ImageMultiscaleConv', 'TextMultiscaleConv']
