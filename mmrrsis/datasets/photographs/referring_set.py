# Copyright (c) mmrrsis contributors.
"""A referring set made of annotated photographs."""

import json
import zlib
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from mmrrsis.datasets.errors import ReferringDataError
from mmrrsis.datasets.expressions import Referral, Scene, write_expressions
from mmrrsis.datasets.expressions.vocabulary import SYNONYMS
from mmrrsis.datasets.expressions.writer import PHOTOGRAPH_FORMS
from mmrrsis.datasets.layouts import LAYOUTS
from mmrrsis.datasets.layouts.set_writer import NamedScene

from .photograph import Photograph
from .windows import choose_window, is_target, look_through

_SMALLEST_TARGET = 0.004  # part of the window
_MOST_TARGETS = 4  # of a window
#: Windows per object, least and most windows per photograph.
_WINDOWS = {'train': (2.0, 8, 24), 'val': (1.5, 8, 16), 'test': (1.5, 8, 16)}

_VERSION = 1  # of what the files hold; another number makes an existing set count as different


@dataclass(frozen=True)
class PhotographTask:
    """One photograph of the set."""

    photograph: Photograph
    split: str


@dataclass(frozen=True)
class PhotographSet:
    """Recipe of a set of windows of photographs; see :class:`~mmrrsis.datasets.layouts.set_writer.SetRecipe`.

    Attributes:
        title: Of the set.
        prefix: Of its files.
        layout: A key of :data:`~mmrrsis.datasets.layouts.LAYOUTS`.
        photographs: With the split of each.
        terms: What README.txt says of the photographs' terms.
        seed: Of windows and wordings.
        image_size: Height and width of the windows as written, in pixels.
    """

    title: str
    prefix: str
    layout: str
    photographs: tuple[PhotographTask, ...]
    terms: str
    seed: int = 0
    image_size: int = 256

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ValueError(f'There is no layout {self.layout!r}. Choose one of {", ".join(map(repr, LAYOUTS))}.')
        if self.image_size < 64:
            raise ValueError(f'`image_size` is {self.image_size} pixels. Use 64 or more: below, no target is seen.')
        if self.seed < 0:
            raise ValueError(f'`seed` is {self.seed}. Use 0 or more.')

    def content(self) -> dict[str, Any]:
        """Return what determines the files."""
        splits = {split: sum(task.split == split for task in self.photographs) for split in ('train', 'val', 'test')}
        return dict(
            version=_VERSION, layout=self.layout, seed=self.seed, image_size=self.image_size, photographs=splits,
        )  # fmt: skip

    def tasks(self) -> tuple[PhotographTask, ...]:
        """Return the photographs."""
        return self.photographs

    def readme(self) -> str:
        """Return what README.txt says."""
        return (
            f'{self.title}, written by mmrrsis in the layout of {self.layout}: windows of photographs, with '
            f'expressions generated from masks.\n\nSettings: {json.dumps(self.content())}\n\n{self.terms}\n'
        )

    def make(self, task: PhotographTask) -> list[NamedScene]:
        """Return the windows of one photograph that have a target with an expression.

        The windows depend on the seed and the photograph's name alone, so that they are the same in a smaller set.

        Raises:
            ReferringDataError: If the photograph cannot be read, or is not as large as annotated.
        """
        photograph = task.photograph
        name = photograph.path.stem
        picture = cv2.imread(str(photograph.path), cv2.IMREAD_COLOR)
        if picture is None or picture.shape[:2] != (photograph.height, photograph.width):
            found = 'cannot be read' if picture is None else f'is {picture.shape[1]}x{picture.shape[0]} pixels large'
            raise ReferringDataError(
                f"'{photograph.path}' {found}; its annotation says {photograph.width}x{photograph.height} pixels. "
                'Download it again.',
                'unreadable image',
            )
        rng = np.random.default_rng((self.seed, zlib.crc32(f'{self.prefix}/{name}'.encode())))
        per_object, least, most = _WINDOWS[task.split]
        count = int(np.clip(per_object * len(photograph.instances), least, most)) if photograph.instances else 0
        order: list[int] = []
        while len(order) < count:  # every object in turn
            order += [int(i) for i in rng.permutation(len(photograph.instances))]
        scenes: list[NamedScene] = []
        for index in order[:count]:
            scene = self._look(photograph, picture, index, rng)
            if scene is not None:
                scenes.append(NamedScene(f'{name}_{len(scenes):02d}', task.split, scene))
        return scenes

    def _look(self, photograph: Photograph, picture: np.ndarray, index: int, rng: np.random.Generator) -> Scene | None:
        """Return the scene in a window around one object of a picture ``(H, W, 3)`` BGR; None if nothing is clear."""
        window = choose_window(photograph, photograph.instances[index], rng)
        crop = picture[window.top : window.top + window.side, window.left : window.left + window.side]
        shrinks = window.side > self.image_size
        size = (self.image_size, self.image_size)
        image = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)[..., ::-1]
        seen = look_through(photograph, image, window, self.image_size)
        objects = [entry.found for entry in seen]
        targets = [i for i, entry in enumerate(seen) if is_target(entry, self.image_size, _SMALLEST_TARGET)]
        referrals = []
        for i in rng.permutation(len(targets)):
            expressions = write_expressions(
                objects, targets[i], size, rng, forms=PHOTOGRAPH_FORMS, synonyms=SYNONYMS
            )  # fmt: skip
            if expressions:
                referrals.append(Referral(targets[i], expressions))
            if len(referrals) == _MOST_TARGETS:
                break
        return Scene(image, tuple(objects), tuple(referrals)) if referrals else None
