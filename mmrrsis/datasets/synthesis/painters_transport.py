# Copyright (c) mmrrsis contributors.
"""Painters of things that move: airplane, ship, vehicle."""

import numpy as np

from .brush import Brush
from .colors import Rgb, shade

_GLASS = (52, 62, 76)


def _mirrored(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Close the outline given for v >= 0 by its mirror image."""
    return points + [(u, -v) for u, v in reversed(points)]


def paint_airplane(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """Fuselage, swept wings with engines, tail planes and fin."""
    body, dark = color, shade(color, 0.78)
    sweep = rng.uniform(0.28, 0.5)
    root = rng.uniform(0.1, 0.22)
    engines = int(rng.integers(1, 3))
    for k in range(engines):
        v = 0.3 + 0.28 * k
        u = root - sweep * v + 0.1
        for side in (-1, 1):
            brush.rectangle(u - 0.1, side * v - 0.045, u + 0.1, side * v + 0.045, shade(color, 0.6))
    for side in (-1, 1):
        wing = [(root + 0.08, 0.05), (root - sweep, 1.0), (root - sweep - 0.12, 1.0), (root - 0.24, 0.05)]
        brush.polygon([(u, side * v) for u, v in wing], shade(color, 0.9 if side > 0 else 0.98))
        tail = [(-0.72, 0.04), (-0.93, 0.38), (-1.0, 0.38), (-0.9, 0.04)]
        brush.polygon([(u, side * v) for u, v in tail], shade(color, 0.92))
    fuselage = _mirrored([(1.0, 0.0), (0.93, 0.06), (0.8, 0.1), (-0.6, 0.1), (-0.96, 0.03)])
    brush.polygon(fuselage, body)
    brush.polygon([(0.8, 0.02), (0.8, 0.1), (-0.6, 0.1), (-0.96, 0.03)], dark)
    brush.polygon([(0.88, -0.055), (0.93, 0.0), (0.88, 0.055), (0.82, 0.0)], _GLASS)
    brush.polygon([(-0.66, -0.025), (-0.98, -0.025), (-0.98, 0.025), (-0.66, 0.025)], shade(color, 0.62))


def paint_ship(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """Pointed hull with deck, bridge house and one of several loads, all in tones of the colour."""
    bow = rng.uniform(0.5, 0.72)
    stern = rng.uniform(0.7, 0.95)
    hull = _mirrored([(1.0, 0.0), (0.5 * (1 + bow) + 0.06, 0.58), (bow, 0.97), (-0.9, 0.97), (-1.0, stern)])
    brush.polygon(hull, shade(color, 0.72))
    brush.polygon([(u * 0.95, v * 0.74) for u, v in hull], color)
    kind = rng.integers(3)
    detail = shade(color, 0.62) if sum(color) > 180 else (92, 92, 98)
    if kind == 0:  # hatches of a bulk carrier
        for u in np.linspace(-0.38, 0.52, 4):
            brush.rectangle(u - 0.085, -0.46, u + 0.085, 0.46, detail)
    elif kind == 1:  # rows of containers
        for u in np.linspace(-0.4, 0.5, 5):
            for v in (-0.4, 0.0, 0.4):
                tone = float(rng.uniform(0.74, 1.25))
                brush.rectangle(u - 0.075, v - 0.17, u + 0.075, v + 0.17, shade(color, tone))
    else:  # deck line and a mast
        brush.rectangle(-0.5, -0.1, 0.7, 0.1, detail)
        brush.circle(0.42, 0.0, 0.22, shade(color, 1.25))
    house = (226, 226, 224) if min(color) < 190 else (150, 154, 160)
    brush.rectangle(-0.86, -0.6, -0.62, 0.6, house)
    brush.rectangle(-0.66, -0.5, -0.62, 0.5, _GLASS)


def paint_vehicle(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """A car, or a truck with cab and box."""
    edge = shade(color, 0.75)
    if rng.random() < 0.6:
        outline = _mirrored([(1.0, 0.5), (0.94, 0.82), (0.8, 0.96), (-0.86, 0.96), (-0.98, 0.8), (-1.0, 0.5)])
        brush.polygon(outline, edge)
        brush.polygon([(u * 0.96, v * 0.9) for u, v in outline], color)
        glass = _GLASS if sum(color) > 130 else (128, 138, 150)
        brush.polygon([(0.42, -0.76), (0.42, 0.76), (0.22, 0.62), (0.22, -0.62)], glass)
        brush.polygon([(-0.66, -0.7), (-0.66, 0.7), (-0.5, 0.6), (-0.5, -0.6)], glass)
        brush.rectangle(-0.5, -0.64, 0.22, 0.64, shade(color, 1.12))
        for side in (-1, 1):
            brush.rectangle(0.9, side * 0.66 - 0.12, 0.98, side * 0.66 + 0.12, (250, 246, 214))
    else:
        brush.rectangle(-1.0, -0.97, 0.5, 0.97, edge)
        brush.rectangle(-0.96, -0.86, 0.46, 0.86, color)
        for u in (-0.66, -0.32, 0.02, 0.3):
            brush.rectangle(u - 0.02, -0.86, u + 0.02, 0.86, shade(color, 0.84))
        brush.rectangle(0.5, -0.3, 0.58, 0.3, (60, 60, 62))
        brush.rectangle(0.58, -0.86, 1.0, 0.86, shade(color, 0.9))
        brush.rectangle(0.82, -0.72, 0.92, 0.72, _GLASS if sum(color) > 130 else (128, 138, 150))
