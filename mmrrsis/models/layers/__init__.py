# Copyright (c) mmrrsis contributors.
"""Layers that several components share."""

from .alignment_block import AlignmentBlock
from .bidirectional_spatial_correlation import BSC
from .cross_attention import CrossAttention
from .cross_attention_block import CrossAttentionBlock
from .dynamic_rotation_conv import DynamicRotationConv2d
from .fused_stage import FusedStage
from .image_multiscale_conv import ImageMultiscaleConv
from .masked_instance_norm import MaskedInstanceNorm
from .text_multiscale_conv import TextMultiscaleConv
from .word_attention_pooling import WordAttentionPooling

__all__ = [
    'BSC',
    'AlignmentBlock',
    'CrossAttention',
    'CrossAttentionBlock',
    'DynamicRotationConv2d',
    'FusedStage',
    'ImageMultiscaleConv',
    'MaskedInstanceNorm',
    'TextMultiscaleConv',
    'WordAttentionPooling',
]
