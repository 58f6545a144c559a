# Copyright (c) mmrrsis contributors.
"""Layers that several components share."""

from .alignment_block import AlignmentBlock
from .bidirectional_spatial_correlation import BSC
from .cross_attention import CrossAttention
from .cross_attention_block import CrossAttentionBlock
from .cross_scale_interaction import CrossScaleInteraction
from .dynamic_rotation_conv import DynamicRotationConv2d
from .fused_stage import FusedStage
from .image_multiscale_conv import ImageMultiscaleConv
from .intra_scale_interaction import IIM
from .language_guided_enhancement import LanguageGuidedEnhancement
from .masked_instance_norm import MaskedInstanceNorm
from .pixel_word_attention import PWAM
from .tanh_gate import TanhGate
from .text_multiscale_conv import TextMultiscaleConv
from .word_attention_pooling import WordAttentionPooling
from .word_pixel_attention import WPA

__all__ = [
    'BSC',
    'IIM',
    'PWAM',
    'WPA',
    'AlignmentBlock',
    'CrossAttention',
    'CrossAttentionBlock',
    'CrossScaleInteraction',
    'DynamicRotationConv2d',
    'FusedStage',
    'ImageMultiscaleConv',
    'LanguageGuidedEnhancement',
    'MaskedInstanceNorm',
    'TanhGate',
    'TextMultiscaleConv',
    'WordAttentionPooling',
]
