# Copyright (c) mmrrsis contributors.
"""RGB values of colour words, for painting."""

import numpy as np

from mmrrsis.datasets.expressions.vocabulary import COLORS, Rgb

_JITTER = 10


def sample_rgb(rng: np.random.Generator, word: str) -> Rgb:
    """Draw one RGB value of a colour word: each channel at most 10 levels from the middle.

    Args:
        rng: Source of randomness.
        word: A key of :data:`COLORS`.

    Returns:
        Channels in [0, 255].
    """
    # Most of the jitter is shared by the channels: brightness varies more than hue.
    brightness = rng.integers(-_JITTER + 4, _JITTER - 3)
    jitter = rng.integers(-4, 5, 3)
    red, green, blue = (int(min(255, max(0, c + brightness + j))) for c, j in zip(COLORS[word], jitter, strict=True))
    return red, green, blue


def shade(rgb: Rgb, factor: float) -> Rgb:
    """Return a darker (``factor`` < 1) or lighter (1 to 2, where 2 is white) version of a colour."""
    if factor <= 1:
        red, green, blue = (int(c * factor) for c in rgb)
    else:
        red, green, blue = (int(c + (255 - c) * min(1.0, factor - 1)) for c in rgb)
    return red, green, blue


def contrast(first: np.ndarray | Rgb, second: np.ndarray | Rgb) -> float:
    """Return the Euclidean distance of two RGB colours, 0 to 442."""
    return float(np.linalg.norm(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)))
