# Copyright (c) mmrrsis contributors.
"""Encoders: image and expression to multimodal features."""

from .bert_stages import BERTStages
from .clip_dual_encoder import CLIPDualEncoder
from .stagewise_encoder import StagewiseEncoder
from .swin_stages import SwinStages

__all__ = ['BERTStages', 'CLIPDualEncoder', 'StagewiseEncoder', 'SwinStages']
