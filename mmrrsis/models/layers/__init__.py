# Copyright (c) mmrrsis contributors.
"""Layers that several components share."""

from .alignment_block import AlignmentBlock
from .coordinates import coordinates
from .cross_attention import CrossAttention, CrossAttentionBlock

__all__ = ['AlignmentBlock', 'CrossAttention', 'CrossAttentionBlock', 'coordinates']
