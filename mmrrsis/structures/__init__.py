# Copyright (c) mmrrsis contributors.
"""Containers that travel between data sets, models and metrics."""

from .multimodal_features import MultimodalFeatures, TextFeatures
from .referring_data_sample import ReferringDataSample
from .referring_text import ReferringText

__all__ = ['MultimodalFeatures', 'ReferringDataSample', 'ReferringText', 'TextFeatures']
