# Copyright (c) mmrrsis contributors.
"""Windows of a photograph in which objects can be seen, and what is seen in them."""

from dataclasses import dataclass

import cv2
import numpy as np

from mmrrsis.datasets.expressions import SceneObject
from mmrrsis.datasets.expressions.vocabulary import COLORS

from .color_naming import NEUTRAL, name_color
from .photograph import Instance, Photograph

_SHARE = (0.12, 0.6)  # side of a target's box over the window's
_SMALLEST_SIDE = 128  # pixels of the photograph: enlarged any further, there is nothing more to see
_TRIES = 16
_WHOLE = 0.97  # visible part from which on an object counts as not cut
_RECOGNIZABLE = 0.6  # visible part below which a reader may or may not count an object
_FEWEST_PIXELS = 40  # of an object in the window, likewise
_UNSEEN = 0.02  # visible part below which nobody counts it
_FRACTION_BITS = 4

# Where one colour word can describe the whole object. Cars by the neutral words only: those of Vaihingen are
# photographed in infrared, in which leaves are red and paint is anything.
_COLORS_OF = {
    'airplane': tuple(COLORS),
    'ship': tuple(COLORS),
    'storage tank': tuple(COLORS),
    'tennis court': tuple(COLORS),
    'basketball court': tuple(COLORS),
    'vehicle': NEUTRAL,
}


@dataclass(frozen=True)
class Window:
    """A square of a photograph, in its pixels.

    Attributes:
        left: First column.
        top: First row.
        side: Width and height.
    """

    left: int
    top: int
    side: int


def choose_window(photograph: Photograph, target: Instance, rng: np.random.Generator) -> Window:
    """Draw a window that shows the whole target at a size at which it can be seen.

    Of several windows the one is taken that cuts fewest objects, and of those that with most company.

    Args:
        photograph: The photograph.
        target: What must be inside.
        rng: Source of randomness.
    """
    x0, y0, x1, y1 = target.box
    longest = max(x1 - x0, y1 - y0)
    share = float(np.exp(rng.uniform(*np.log(_SHARE))))
    greatest = min(photograph.width, photograph.height)
    side = int(np.clip(longest / share, min(_SMALLEST_SIDE, greatest), greatest))
    side = min(greatest, max(side, int(longest * 1.05) + 1))
    boxes = np.array([instance.box for instance in photograph.instances])  # (N, 4)
    best, best_score = Window(0, 0, side), -np.inf
    for _ in range(_TRIES):
        left = _draw_start(x0, x1, side, photograph.width, rng)
        top = _draw_start(y0, y1, side, photograph.height, rng)
        inside = (boxes[:, :2] >= (left, top)).all(1) & (boxes[:, 2:] <= (left + side, top + side)).all(1)
        outside = (boxes[:, 2:] <= (left, top)).any(1) | (boxes[:, :2] >= (left + side, top + side)).any(1)
        cut = int((~inside & ~outside).sum())
        score = min(4, int(inside.sum())) - 2 * cut
        if score > best_score:
            best, best_score = Window(left, top, side), score
    return best


def _draw_start(low: float, high: float, side: int, length: int, rng: np.random.Generator) -> int:
    """Draw where a window of a side begins so that it holds ``low`` to ``high`` and lies inside of the photograph."""
    first = max(0, int(np.ceil(high)) - side)
    last = min(length - side, int(low))
    return int(rng.integers(min(first, last), max(first, last) + 1))


@dataclass(frozen=True, eq=False)
class SeenObject:
    """An object in a window.

    Attributes:
        found: As expressions see it.
        visible: Which part of it is inside of the window.
    """

    found: SceneObject
    visible: float


def look_through(photograph: Photograph, image: np.ndarray, window: Window, size: int) -> list[SeenObject]:
    """Describe what is seen in a window.

    Args:
        photograph: The photograph.
        image: The window's pixels, ``(size, size, 3)`` uint8 RGB.
        window: The window.
        size: Height and width to which the window is brought, in pixels.

    Returns:
        The objects of which anything is inside.
    """
    seen = []
    for instance in photograph.instances:
        mask, visible = _draw_mask(instance, window, size)
        area = int(mask.sum())
        if visible < _UNSEEN or area == 0:
            continue
        columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
        x0, x1, y0, y1 = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
        words = _COLORS_OF.get(instance.category)
        color, possible = None, frozenset(COLORS)
        if words:
            # Without the rim, whose pixels mix with the ground's
            core = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
            color, possible = name_color(image[core], words)
        found = SceneObject(
            instance.category, color, ((x0 + x1) / 2, (y0 + y1) / 2), area, (x0, y0, x1, y1), mask, possible,
            recognizable=visible >= _RECOGNIZABLE and area >= _FEWEST_PIXELS,
        )  # fmt: skip
        seen.append(SeenObject(found, visible))
    return seen


def is_target(seen: SeenObject, size: int, smallest: float, greatest: float = 0.6) -> bool:
    """Return whether an object can be asked for: not cut, not too small, not too large (parts of the window)."""
    return seen.visible >= _WHOLE and seen.found.recognizable and smallest <= seen.found.area / size**2 <= greatest


def _draw_mask(instance: Instance, window: Window, size: int) -> tuple[np.ndarray, float]:
    """Return the mask ``(size, size)`` bool in the window's final size, and which part of the object is inside."""
    scale = size / window.side
    parts = [(part - (window.left, window.top)) * scale for part in instance.outline]
    points = np.concatenate(parts)
    origin = np.floor(points.min(0)).astype(int) - 1
    extent = np.ceil(points.max(0)).astype(int) + 2 - origin
    canvas = np.zeros((extent[1], extent[0]), np.uint8)
    mask = np.zeros((size, size), bool)
    (x0, y0), (x1, y1) = np.maximum(origin, 0), np.minimum(origin + extent, size)
    if x0 >= x1 or y0 >= y1:
        return mask, 0.0
    # OpenCV's pixel centres have whole coordinates; the outline's are those of pixels' corners after scaling
    rings = [np.round((part - origin - 0.5) * 2**_FRACTION_BITS).astype(np.int32) for part in parts]
    for ring in rings:  # one by one, so that overlapping parts join
        cv2.fillPoly(canvas, [ring], 1, shift=_FRACTION_BITS)
    mask[y0:y1, x0:x1] = canvas[y0 - origin[1] : y1 - origin[1], x0 - origin[0] : x1 - origin[0]]
    return mask, float(mask.sum()) / max(1, int(canvas.sum()))
