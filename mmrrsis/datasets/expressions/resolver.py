# Copyright (c) mmrrsis contributors.
"""Decides which objects of a scene an expression fits, from its text and the objects alone.

Every statement is true, false or borderline. An expression refers to an object only if it is true of that object and
false, not merely borderline, of all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from .scene import SceneObject
from .syntax import NounPhrase, Place, Relation, parse_expression

# Positions are fractions of the image. A centre below _SIDE lies clearly on the left (or at the top), above
# _NOT_SIDE clearly does not.
_SIDE, _NOT_SIDE = 0.37, 0.45
_MIDDLE, _NOT_MIDDLE = 0.11, 0.19  # distance of a centre from the image's centre, for each axis
_STEP, _NO_STEP = 0.07, 0.03  # offset of two centres for 'left of' and the like
_STEEP, _NOT_STEEP = 0.9, 2.5  # sideways offset over the offset itself
_NEAR, _NOT_NEAR = 0.09, 0.16  # gap between two boxes
_RANK = 0.05  # lead of the leftmost over the next
_LARGER = 1.3  # ratio of areas that is clear


class _Truth(IntEnum):
    NO = 0
    BORDERLINE = 1
    YES = 2


@dataclass(frozen=True)
class Resolution:
    """What an expression fits.

    Attributes:
        fitting: Indices of objects that it clearly fits.
        borderline: Indices of objects that it may fit.
    """

    fitting: tuple[int, ...]
    borderline: tuple[int, ...]

    @property
    def index(self) -> int | None:
        """The object referred to; None if no object fits, several do, or another one may."""
        return self.fitting[0] if len(self.fitting) == 1 and not self.borderline else None


def resolve(text: str, objects: Sequence[SceneObject], image_size: tuple[int, int]) -> Resolution:
    """Find the objects that an expression fits.

    Args:
        text: The expression.
        objects: All objects of the scene.
        image_size: ``(height, width)`` in pixels.

    Returns:
        The objects that fit.

    Raises:
        ExpressionSyntaxError: If the text cannot be read.
    """
    truths = _Evaluator(objects, image_size).phrase(parse_expression(text))
    return Resolution(
        tuple(i for i, truth in enumerate(truths) if truth is _Truth.YES),
        tuple(i for i, truth in enumerate(truths) if truth is _Truth.BORDERLINE),
    )


def _graded(value: float, yes: float, no: float) -> _Truth:
    """Truth of a measure that holds from ``yes`` on and fails from ``no`` on, in whichever direction."""
    sign = 1 if yes >= no else -1
    if sign * value >= sign * yes:
        return _Truth.YES
    return _Truth.NO if sign * value <= sign * no else _Truth.BORDERLINE


class _Evaluator:
    """Evaluates phrases on one scene."""

    def __init__(self, objects: Sequence[SceneObject], image_size: tuple[int, int]) -> None:
        self.objects = objects
        height, width = image_size
        self.x = [found.center[0] / width for found in objects]
        self.y = [found.center[1] / height for found in objects]
        self.boxes = [
            (x0 / width, y0 / height, x1 / width, y1 / height) for x0, y0, x1, y1 in (found.box for found in objects)
        ]

    def phrase(self, phrase: NounPhrase, category: str | None = None) -> list[_Truth]:
        """Truth of a noun phrase for each object; ``category`` is what 'one' stands for."""
        category = phrase.category or category
        truths = []
        for i, found in enumerate(self.objects):
            truth = _Truth.YES if found.category == category else _Truth.NO
            if not found.recognizable:
                truth = min(truth, _Truth.BORDERLINE)
            if phrase.color is not None and found.color != phrase.color:
                truth = min(truth, _Truth.BORDERLINE if phrase.color in found.possible_colors else _Truth.NO)
            if truth and phrase.size is not None:
                truth = min(truth, self._size(i, phrase.size))
            for region in phrase.regions:
                truth = min(truth, self._region(i, region))
            truths.append(truth)
        for relation, landmark in phrase.relations:
            truths = self._related(truths, relation, landmark, category)
        if phrase.of_two and sum(truth is not _Truth.NO for truth in truths) != 2:
            return [_Truth.NO] * len(truths)
        if phrase.superlative is not None:
            truths = self._ranked(truths, self._keys(phrase.superlative), 1, phrase.superlative)
        if phrase.ordinal is not None:
            truths = self._ranked(truths, self._keys(phrase.count_from), phrase.ordinal, phrase.count_from)
        return truths

    def _size(self, i: int, size: str) -> _Truth:
        """Large or small among the objects of the same category, on a logarithmic scale from smallest to largest."""
        areas = [found.area for found in self.objects if found.category == self.objects[i].category]
        low, high = min(areas), max(areas)
        if high < 2 * low:  # all alike: none is clearly large or small
            return _Truth.BORDERLINE
        level = np.log(self.objects[i].area / low) / np.log(high / low)
        return _graded(level if size == 'large' else 1 - level, 0.7, 0.3)

    def _region(self, i: int, region: Place) -> _Truth:
        """Whether an object's centre lies in a part of the image."""
        truth = _Truth.YES
        for value, side in zip((self.x[i], self.y[i]), region, strict=True):
            if side == 0:
                truth = min(truth, _graded(abs(value - 0.5), _MIDDLE, _NOT_MIDDLE))
            elif side is not None:
                truth = min(truth, _graded(value if side < 0 else 1 - value, _SIDE, _NOT_SIDE))
        return truth

    def _related(
        self, truths: list[_Truth], relation: Relation, landmark: NounPhrase, category: str | None
    ) -> list[_Truth]:
        """Restrict truths to objects that stand in a relation to a landmark."""
        marks = self.phrase(landmark, category)
        if landmark.other:  # 'the other one': exactly two candidates, each the other's landmark
            pair = [i for i, truth in enumerate(marks) if truth is not _Truth.NO]
            if len(pair) != 2:
                return [_Truth.NO] * len(truths)
        elif landmark.article != 'a':
            # 'the gray ship' must be one ship
            if sum(truth is not _Truth.NO for truth in marks) != 1 or _Truth.YES not in marks:
                return [_Truth.NO] * len(truths)
        if relation == 'nearest':
            keys = [
                min((self._distance(i, j) for j, mark in enumerate(marks) if mark and j != i), default=np.inf)
                for i in range(len(truths))
            ]
            candidates = [
                _Truth.NO if marks[i] and landmark.article != 'a' else truth for i, truth in enumerate(truths)
            ]
            return self._ranked(candidates, keys, 1, 'near')
        return [
            min(
                truth,
                max(
                    (min(mark, self._relation(relation, i, j)) for j, mark in enumerate(marks) if mark and j != i),
                    default=_Truth.NO,
                ),
            )
            if truth
            else truth
            for i, truth in enumerate(truths)
        ]

    def _relation(self, relation: Relation, i: int, j: int) -> _Truth:
        """Whether object ``i`` stands in a relation, other than 'nearest', to object ``j``."""
        if relation == 'near':
            return _graded(self._gap(i, j), _NEAR, _NOT_NEAR)
        if isinstance(relation, str):  # 'larger' or 'smaller'
            ratio = self.objects[i].area / self.objects[j].area
            return _graded(ratio if relation == 'larger' else 1 / ratio, _LARGER, 1.0)
        dx, dy = self.x[i] - self.x[j], self.y[i] - self.y[j]
        column, row = relation
        if column is not None and row is not None:  # a diagonal: both offsets, neither far larger
            steps = min(_graded(dx * column, _STEP, _NO_STEP), _graded(dy * row, _STEP, _NO_STEP))
            ratio = max(abs(dx), abs(dy)) / max(1e-6, min(abs(dx), abs(dy)))
            return min(steps, _graded(ratio, 2.5, 5))
        if column is not None:
            along, across = dx * column, dy
        elif row is not None:
            along, across = dy * row, dx
        else:
            raise ValueError('The place (None, None) names no direction.')
        step = _graded(along, _STEP, _NO_STEP)
        return min(step, _graded(abs(across) / max(along, 1e-6), _STEEP, _NOT_STEEP))

    def _gap(self, i: int, j: int) -> float:
        """Distance between two boxes as a fraction of the image."""
        a, b = self.boxes[i], self.boxes[j]
        dx = max(0.0, a[0] - b[2], b[0] - a[2])
        dy = max(0.0, a[1] - b[3], b[1] - a[3])
        return float(np.hypot(dx, dy))

    def _distance(self, i: int, j: int) -> float:
        return float(np.hypot(self.x[i] - self.x[j], self.y[i] - self.y[j]))

    def _keys(self, order: str | None) -> list[float]:
        """Values that are smallest for the first of an order."""
        if order in ('large', 'small'):
            sign = -1 if order == 'large' else 1
            return [sign * float(np.log(found.area)) for found in self.objects]
        values = self.x if order in ('left', 'right') else self.y
        return values if order in ('left', 'top') else [-value for value in values]

    def _ranked(self, truths: list[_Truth], keys: Sequence[float], rank: int, order: str | None) -> list[_Truth]:
        """Keep the object at a rank if it is clear of its neighbours, else call all close ones borderline."""
        margin = float(np.log(_LARGER)) if order in ('large', 'small') else _RANK
        result = [_Truth.NO] * len(truths)
        candidates = sorted((i for i, truth in enumerate(truths) if truth), key=lambda i: keys[i])
        if len(candidates) < max(rank, 2):  # 'the leftmost' of one, 'the second' of one
            return result
        chosen = candidates[rank - 1]
        close = [i for i in candidates if i != chosen and abs(keys[i] - keys[chosen]) < margin]
        clear = not close and all(truths[i] is _Truth.YES for i in candidates)
        result[chosen] = _Truth.YES if clear else _Truth.BORDERLINE
        for i in close:
            result[i] = _Truth.BORDERLINE
        return result
