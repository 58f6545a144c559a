# Copyright (c) mmrrsis contributors.
"""Inference: a trained model, an image and sentences in; masks out."""

from .expression_checker import CheckedExpression, ExpressionChecker, ExpressionWarning, UnknownObjectError
from .inference import init_segmentor, segment_image
from .known_words import KnownWords
from .referring_inferencer import ReferringInferencer, ReferringPrediction

__all__ = [
    'CheckedExpression',
    'ExpressionChecker',
    'ExpressionWarning',
    'KnownWords',
    'ReferringInferencer',
    'ReferringPrediction',
    'UnknownObjectError',
    'init_segmentor',
    'segment_image',
]
