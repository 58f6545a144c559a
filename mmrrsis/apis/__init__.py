# Copyright (c) mmrrsis contributors.
"""Inference: a trained model, an image and sentences in; masks out."""

from .inference import init_segmentor, segment_image
from .referring_inferencer import ReferringInferencer, ReferringPrediction

__all__ = ['ReferringInferencer', 'ReferringPrediction', 'init_segmentor', 'segment_image']
