# Copyright (c) mmrrsis contributors.
"""A picture with its objects and the expressions that refer to them."""

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


@dataclass(frozen=True)
class Referral:
    """Expressions that refer to one object and to no other.

    Attributes:
        object_index: Index in :attr:`Scene.objects`.
        expressions: One to three wordings, each verified by the resolver.
    """

    object_index: int
    expressions: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture with objects.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        objects: In drawing order, where they were drawn.
        referrals: At least one.
        subset: ``'novel_pair'`` if the targets have category-colour pairs that no other scene shows, else None.
    """

    image: np.ndarray
    objects: tuple[SceneObject, ...]
    referrals: tuple[Referral, ...]
    subset: str | None = None
