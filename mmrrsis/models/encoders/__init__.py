# Copyright (c) mmrrsis contributors.
"""Encoders: image and expression to multimodal features."""

from .bert_stages import BERTStages
from .clip_dual_encoder import CLIPDualEncoder
from .dual_encoder import DualEncoder
from .referring_encoder import IndependentTowers, ReferringEncoder
from .stagewise_encoder import StagewiseEncoder
from .swin_stages import SwinStages
from .timm_stages import TIMMStages

__all__ = [
    'BERTStages',
    'CLIPDualEncoder',
    'DualEncoder',
    'IndependentTowers',
    'ReferringEncoder',
    'StagewiseEncoder',
    'SwinStages',
    'TIMMStages',
]
