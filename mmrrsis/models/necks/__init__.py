# Copyright (c) mmrrsis contributors.
"""Necks: from multimodal features to what a decode head reads."""

from .dfsm import DFSM
from .fixed_layer_selection import FixedLayerSelection
from .last_layer_selection import LastLayerSelection
from .maam import MAAM
from .mci import MCI
from .plain_transformer_alignment import PlainTransformerAlignment
from .referring_pyramid_neck import ReferringPyramidNeck
from .sentence_gated_aggregation import SentenceGatedAggregation

__all__ = [
    'DFSM',
    'MAAM',
    'MCI',
    'FixedLayerSelection',
    'LastLayerSelection',
    'PlainTransformerAlignment',
    'ReferringPyramidNeck',
    'SentenceGatedAggregation',
]
