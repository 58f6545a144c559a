# Copyright (c) mmrrsis contributors.
"""Predict a scene at one look, reduced."""

from collections.abc import Iterator, Sequence

import numpy as np

from .predictor import Predictor
from .scene_reader import SceneReader
from .upsample import enlarge_columns, enlarge_rows

#: Longer side of the reduced scene in pixels. Networks take less than half of it as input.
WHOLE_SIDE = 2048
#: Lines of a strip that is written at once.
STRIP_LINES = 512


def predict_whole(scene: SceneReader, predictor: Predictor, expressions: Sequence[str]) -> np.ndarray:
    """Predict the reduced scene.

    Args:
        scene: The scene.
        predictor: The model.
        expressions: K expressions.

    Returns:
        ``(K, h, w)`` float32; ``h`` and ``w`` are those of the scene, reduced to at most ``WHOLE_SIDE``.
    """
    image, valid = scene.read_reduced(WHOLE_SIDE)
    if not valid.any():
        return np.zeros((len(expressions), *valid.shape), dtype=np.float32)
    return predictor.predict_probabilities([image], expressions)[0]


def strip_ranges(height: int) -> Iterator[tuple[int, int]]:
    """Yield first line and line after the last of the strips of a scene."""
    for start in range(0, height, STRIP_LINES):
        yield start, min(start + STRIP_LINES, height)


def whole_strips(reduced: np.ndarray, shape: tuple[int, int]) -> Iterator[tuple[int, np.ndarray]]:
    """Enlarge a reduced prediction ``(K, h, w)`` bilinearly to ``shape``, strip by strip.

    Yields:
        First line and ``(K, h', W)`` float32 of strips that follow each other.
    """
    height, width = shape
    wide = enlarge_columns(reduced, width)
    for start, stop in strip_ranges(height):
        yield start, enlarge_rows(wide, height, start, stop)
