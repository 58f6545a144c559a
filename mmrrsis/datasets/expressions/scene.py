# Copyright (c) mmrrsis contributors.
"""A picture with its objects and the expressions that refer to them."""

from dataclasses import dataclass

import numpy as np

from .scene_object import SceneObject


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
