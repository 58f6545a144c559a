# Copyright (c) mmrrsis contributors.
"""Sentences about a whole scene, for contrastive pre-training."""

from collections.abc import Sequence

import numpy as np

from mmrrsis.datasets.expressions import SceneObject
from mmrrsis.datasets.expressions.syntax import plural

_NUMBERS = {2: 'two', 3: 'three', 4: 'four', 5: 'five'}
_COLUMNS, _ROWS = ('left', '', 'right'), ('upper', '', 'lower')
_OPENINGS = ('', '', '', 'an aerial image of ', 'an aerial view of ', 'a satellite image with ', 'there is ')


def _place(found: SceneObject, image_size: tuple[int, int]) -> str:
    """Name the ninth of the image in which an object's centre lies."""
    height, width = image_size
    column, row = (min(2, int(3 * f)) for f in (found.center[0] / width, found.center[1] / height))
    if column == 1 and row == 1:
        return 'in the middle'
    if column == 1:
        return 'at the top' if row == 0 else 'at the bottom'
    if row == 1:
        return f'on the {_COLUMNS[column]}'
    return f'on the {_ROWS[row]} {_COLUMNS[column]}'


def write_caption(objects: Sequence[SceneObject], image_size: tuple[int, int], rng: np.random.Generator) -> str:
    """Describe one to three objects, or groups of like objects in the same place, with colour and position.

    Args:
        objects: At least one.
        image_size: ``(height, width)`` in pixels.
        rng: Source of the choice and the wording.

    Returns:
        For example ``'a red ship on the upper left and two white storage tanks on the right'``.
    """
    groups: dict[tuple[str, str | None, str], int] = {}
    for found in objects:
        key = (found.category, found.color, _place(found, image_size))
        groups[key] = groups.get(key, 0) + 1
    keys = list(groups)
    chosen = rng.permutation(len(keys))[: rng.integers(1, 4)]
    opening = _OPENINGS[rng.integers(len(_OPENINGS))]
    parts = []
    for i in chosen:
        category, color, place = keys[i]
        count = groups[keys[i]]
        if count == 1:
            noun = f'{"an" if color[0] in "aeiou" else "a"} {color} {category}'
        else:
            noun = f'{_NUMBERS.get(count, "several")} {color} {plural(category)}'
        parts.append(f'{noun} {place}')
    if opening == 'there is ' and groups[keys[chosen[0]]] > 1:
        opening = 'there are '
    text = opening + (parts[0] if len(parts) == 1 else f'{", ".join(parts[:-1])} and {parts[-1]}')
    return text
