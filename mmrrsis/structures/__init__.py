# Copyright (c) mmrrsis contributors.
"""Containers that travel between data sets, models and metrics."""

from .features import ContextFeatures, MultimodalFeatures, TextFeatures, VisualFeatures
from .referring_data_sample import ReferringDataSample
from .referring_text import ReferringText, ReferringTextBatch

__all__ = [
    'ContextFeatures',
    'MultimodalFeatures',
    'ReferringDataSample',
    'ReferringText',
    'ReferringTextBatch',
    'TextFeatures',
    'VisualFeatures',
]
