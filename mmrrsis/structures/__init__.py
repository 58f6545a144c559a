# Copyright (c) mmrrsis contributors.
"""Containers that travel between data sets, models and metrics."""

from .context_features import ContextFeatures
from .multimodal_features import MultimodalFeatures, TextFeatures, VisualFeatures
from .referring_data_sample import ReferringDataSample
from .referring_text import ReferringText
from .resize_probability import resize_probability

__all__ = [
    'ContextFeatures',
    'MultimodalFeatures',
    'ReferringDataSample',
    'ReferringText',
    'TextFeatures',
    'VisualFeatures',
    'resize_probability',
]
