# Copyright (c) mmrrsis contributors.
"""Encoders: image and expression to multimodal features."""

from .clip_dual_encoder import CLIPDualEncoder

__all__ = ['CLIPDualEncoder']
