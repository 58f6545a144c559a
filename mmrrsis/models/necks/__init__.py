# Copyright (c) mmrrsis contributors.
"""Necks: from multimodal features to one fused map."""

from .dfsm import DFSM
from .maam import MAAM
from .referring_pyramid_neck import ReferringPyramidNeck
from .sentence_gated_aggregation import SentenceGatedAggregation

__all__ = ['DFSM', 'MAAM', 'ReferringPyramidNeck', 'SentenceGatedAggregation']
