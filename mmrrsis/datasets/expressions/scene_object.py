# Copyright (c) mmrrsis contributors.
"""One object of a scene."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class SceneObject:
    """One object of a scene, as it is visible in the image.

    Attributes:
        category: One of RRSIS-D's category names.
        color: The colour word of its dominant surface; None where no one word is clearly right.
        center: ``(x, y)`` in pixels, the middle of :attr:`box`.
        area: Number of visible pixels.
        box: ``(x0, y0, x1, y1)`` around the visible pixels; ``x1`` and ``y1`` are exclusive.
        mask: ``(H, W)`` bool, True at visible pixels. Shadows are not part of it.
        possible_colors: Where :attr:`color` is None, the words that someone might still use.
        recognizable: False where so little of it is visible that a reader may or may not count it.
    """

    category: str
    color: str | None
    center: tuple[float, float]
    area: int
    box: tuple[int, int, int, int]
    mask: np.ndarray
    possible_colors: frozenset[str] = frozenset()
    recognizable: bool = True
