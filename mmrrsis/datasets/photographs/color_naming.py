# Copyright (c) mmrrsis contributors.
"""Names the colour of an object from its pixels, where they say it clearly."""

import cv2
import numpy as np

from mmrrsis.datasets.expressions.vocabulary import COLORS

_CLEAR = 0.62  # part of the pixels that must agree
_RIVAL = 0.18  # part of the pixels of any other word that makes it unclear
_POSSIBLE = 0.08  # part of the pixels from which on someone might use a word
_FEWEST_PIXELS = 40

_HUES = (
    ('red', 14),
    ('orange', 38),
    ('yellow', 66),
    ('green', 168),
    ('blue', 262),
    ('red', 360),
)  # upper ends, degrees
# Words that people exchange: a gray airplane in the sun is white to some.
_NEIGHBORS = {
    'white': ('gray',), 'gray': ('white', 'black', 'blue'), 'black': ('gray',), 'red': ('orange', 'brown'),
    'orange': ('red', 'yellow', 'brown'), 'yellow': ('orange', 'brown', 'green'), 'green': ('yellow', 'blue'),
    'blue': ('green', 'gray'), 'brown': ('red', 'orange', 'yellow', 'gray'),
}  # fmt: skip
NEUTRAL = ('white', 'gray', 'black')


def _words(pixels: np.ndarray) -> dict[str, float]:
    """Return which part of the pixels ``(N, 3)`` uint8 RGB each word describes; some describe none."""
    hsv = cv2.cvtColor(np.ascontiguousarray(pixels[None], dtype=np.float32) / 255, cv2.COLOR_RGB2HSV)[0]
    hue, saturation, value = hsv.T
    dark = value < 0.22
    neutral = ~dark & (saturation < 0.13)
    colorful = ~dark & (saturation > 0.24)
    parts: dict[str, np.ndarray] = {
        'black': dark,
        'white': neutral & (value > 0.74),
        'gray': neutral & (value > 0.30) & (value < 0.66),
    }
    low = 0
    for word, high in _HUES:
        inside = colorful & (hue >= low) & (hue < high)
        if word == 'orange':  # dark orange is brown
            parts['brown'] = inside & (value < 0.6)
            inside &= value >= 0.6
        if word in ('orange', 'yellow'):  # pale, as of sand, they have no word here
            inside &= saturation > 0.5
        parts[word] = parts[word] | inside if word in parts else inside
        low = high
    return {word: float(np.mean(part)) for word, part in parts.items()}


def name_color(pixels: np.ndarray, words: tuple[str, ...] = tuple(COLORS)) -> tuple[str | None, frozenset[str]]:
    """Name the colour of an object.

    Args:
        pixels: ``(N, 3)`` uint8 RGB, the object's.
        words: The words that may be used; others are never clear.

    Returns:
        The word, or None where no word fits most of the pixels with a margin; and the words that someone might use
        all the same.
    """
    if len(pixels) < _FEWEST_PIXELS:
        return None, frozenset(COLORS)
    shares = _words(pixels)
    ranked = sorted(shares, key=lambda word: -shares[word])
    first, second = ranked[:2]
    if first in words and shares[first] >= _CLEAR and shares[second] <= _RIVAL:
        return first, frozenset(_NEIGHBORS[first])
    possible = {word for word in ranked if shares[word] >= _POSSIBLE}
    possible.update(neighbor for word in tuple(possible) for neighbor in _NEIGHBORS[word])
    return None, frozenset(possible or COLORS)
