# Copyright (c) mmrrsis contributors.
"""One object of a synthetic scene."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class SceneObject:
    """One object of a scene, as it is visible in the image.

    Attributes:
        category: One of RRSIS-D's category names.
        color: The colour word of its dominant surface.
        center: ``(x, y)`` in pixels, the middle of :attr:`box`.
        size: ``(length, width)`` in pixels as drawn, before occlusion.
        angle: Direction of the length axis in degrees in [0, 360), clockwise from the image's x axis.
        area: Number of visible pixels.
        box: ``(x0, y0, x1, y1)`` around the visible pixels; ``x1`` and ``y1`` are exclusive.
        mask: ``(H, W)`` bool, True at visible pixels. Shadows are not part of it.
    """

    category: str
    color: str
    center: tuple[float, float]
    size: tuple[float, float]
    angle: float
    area: int
    box: tuple[int, int, int, int]
    mask: np.ndarray
