# Copyright (c) mmrrsis contributors.
"""Necks: from multimodal features to what a decode head reads."""

from .cim import CIM
from .dfsm import DFSM
from .layer_selection import FixedLayerSelection, LastLayerSelection
from .lgce import LGCE
from .maam import MAAM
from .mci import MCI
from .plain_transformer_alignment import PlainTransformerAlignment
from .referring_pyramid_neck import ReferringPyramidNeck
from .sentence_gated_aggregation import SentenceGatedAggregation
from .visual_context_neck import VisualContextNeck

__all__ = [
    'CIM',
    'DFSM',
    'LGCE',
    'MAAM',
    'MCI',
    'FixedLayerSelection',
    'LastLayerSelection',
    'PlainTransformerAlignment',
    'ReferringPyramidNeck',
    'SentenceGatedAggregation',
    'VisualContextNeck',
]
