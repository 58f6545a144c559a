# Copyright (c) mmrrsis contributors.
"""Containers of SynthRS: a scene and the expressions that refer to its objects."""

from dataclasses import dataclass

import numpy as np

from .caption_writer import write_caption
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
    """A rendered scene.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        objects: In drawing order.
        referrals: At least one, at most four.
        subset: ``'novel_pair'`` if the targets have category-colour pairs that no other scene shows, else None.
    """

    image: np.ndarray
    objects: tuple[SceneObject, ...]
    referrals: tuple[Referral, ...]
    subset: str | None = None

    def caption(self, rng: np.random.Generator) -> str:
        """Return one sentence that names one to three objects with colour and position.

        Args:
            rng: Source of the wording; the same state gives the same sentence.
        """
        return write_caption(self.objects, self.image.shape[:2], rng)
