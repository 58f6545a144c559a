# Copyright (c) mmrrsis contributors.
"""Draw several masks over the view of an image."""

from collections.abc import Collection

import cv2
import numpy as np

from mmrrsis.visualization import draw_mask

from .picture_source import PictureSource
from .segmentation import Segmentation

#: Longer side of the view in pixels.
VIEW_SIDE = 1024
#: Colours (R, G, B) of the expressions, in their order; they differ in lightness as well as in hue.
COLORS = ((255, 40, 120), (0, 200, 255), (255, 200, 0), (120, 80, 255), (0, 220, 120), (255, 120, 30))


def _to_view(plane: np.ndarray, interpolation: int) -> np.ndarray:
    """Reduce ``(h, w, ...)`` to at most ``VIEW_SIDE``; it is never enlarged."""
    height, width = plane.shape[:2]
    factor = min(1.0, VIEW_SIDE / max(height, width))
    if factor == 1:
        return plane
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(plane, size, interpolation=interpolation)


def draw_source(source: PictureSource) -> np.ndarray:
    """Return the view of an image, ``(h, w, 3)`` uint8 RGB."""
    return _to_view(source.image, cv2.INTER_AREA)


def draw_overlay(
    segmentation: Segmentation, threshold: float, opacity: float, shown: Collection[int] | None = None
) -> np.ndarray:
    """Draw masks over the view of their image.

    Args:
        segmentation: A run of the model.
        threshold: A pixel belongs to a mask when its probability is above this, in [0, 1].
        opacity: Share of the colour inside a mask, in [0, 1]; outlines are always drawn.
        shown: Positions of the expressions whose masks are drawn; None draws all.

    Returns:
        ``(h, w, 3)`` uint8 RGB.
    """
    view = draw_source(segmentation.source)
    for index, mask in enumerate(segmentation.masks(threshold)):
        if shown is None or index in shown:
            # The mean of zeros and ones: a pixel of the view shows what most of its pixels are.
            share = _to_view(mask.astype(np.float32), cv2.INTER_AREA)
            view = draw_mask(view, share > 0.5, COLORS[index], opacity)
    return view
