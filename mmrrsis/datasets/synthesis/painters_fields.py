# Copyright (c) mmrrsis contributors.
"""Painters of sports grounds: tennis and basketball court, ground track, baseball and golf field."""

import numpy as np

from .brush import Brush
from .colors import Rgb, shade

_LINE = (244, 244, 240)
_CLAY = (176, 122, 76)


def _line_width(brush: Brush, share: float) -> float:
    """Width of a painted line in pixels; on small courts thin enough not to wash the colour out."""
    return max(0.34, brush.width * share)


def paint_tennis_court(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """Doubles court with service boxes and the net; the run-off is a darker tone."""
    brush.rectangle(-1.0, -1.0, 1.0, 1.0, shade(color, 0.8))
    brush.rectangle(-0.7, -0.68, 0.7, 0.68, color)
    line = _line_width(brush, 0.022)
    brush.stroke([(-0.7, -0.68), (0.7, -0.68), (0.7, 0.68), (-0.7, 0.68)], line, _LINE, closed=True)
    for v in (-0.5, 0.5):
        brush.stroke([(-0.7, v), (0.7, v)], line, _LINE)
    for u in (-0.36, 0.36):
        brush.stroke([(u, -0.5), (u, 0.5)], line, _LINE)
    brush.stroke([(-0.36, 0), (0.36, 0)], line, _LINE)
    brush.stroke([(0, -0.78), (0, 0.78)], line * 1.3, (52, 54, 58))


def paint_basketball_court(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """Centre circle, keys and three-point arcs; the keys are a lighter tone of the colour."""
    brush.rectangle(-1.0, -1.0, 1.0, 1.0, shade(color, 0.84))
    brush.rectangle(-0.93, -0.88, 0.93, 0.88, color)
    line = _line_width(brush, 0.022)
    for side in (-1, 1):
        brush.rectangle(side * 0.93, -0.3, side * 0.53, 0.3, shade(color, 1.35))
        brush.stroke([(side * 0.93, -0.3), (side * 0.53, -0.3), (side * 0.53, 0.3), (side * 0.93, 0.3)], line, _LINE)
        t = np.deg2rad(np.linspace(-90, 90, 24))
        arc = np.stack([side * (0.8 - 0.42 * np.cos(t)), 0.74 * np.sin(t)], 1)
        corner = [[side * 0.93, -0.74], *arc.tolist(), [side * 0.93, 0.74]]
        brush.stroke(corner, line, _LINE)
    brush.stroke([(-0.93, -0.88), (0.93, -0.88), (0.93, 0.88), (-0.93, 0.88)], line, _LINE, closed=True)
    brush.stroke([(0, -0.88), (0, 0.88)], line, _LINE)
    brush.circle(0, 0, 0.28, _LINE)
    brush.circle(0, 0, 0.21, shade(color, 1.35))


def _oval(scale_u: float, scale_v: float, aspect: float) -> np.ndarray:
    """Outline of a running track: two straights and two half circles, in normalised coordinates."""
    t = np.deg2rad(np.linspace(-90, 90, 20))
    centre = scale_u - scale_v / aspect
    right = np.stack([centre + scale_v / aspect * np.cos(t), scale_v * np.sin(t)], 1)
    return np.concatenate([right, -right])


def paint_ground_track_field(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """Running track with white lane lines around a football pitch."""
    aspect = brush.aspect
    brush.polygon(_oval(1, 1, aspect), shade(color, 0.88))
    brush.polygon(_oval(1 - 0.04 / aspect, 0.96, aspect), color)
    for inset in (0.13, 0.26) if brush.width >= 26 else ():  # closer lines would wash the colour out
        brush.stroke(
            _oval(1 - inset / aspect, 1 - inset, aspect), _line_width(brush, 0.015), shade(color, 1.55), closed=True
        )
    grass = (84, 140, 62) if color[1] < 110 or color[0] > 150 else (132, 158, 84)
    inset = 0.46
    inner_u = 1 - inset / aspect
    brush.stroke(_oval(inner_u, 1 - inset, aspect), _line_width(brush, 0.02), _LINE, closed=True)
    brush.polygon(_oval(inner_u, 1 - inset, aspect), grass)
    half = inner_u - (1 - inset) / aspect * 0.55
    for u in np.linspace(-half, half, 5)[:-1][::2]:
        brush.rectangle(u, -0.46, u + half / 2, 0.46, shade(grass, 1.14))
    line = _line_width(brush, 0.015)
    brush.stroke([(-half, -0.46), (half, -0.46), (half, 0.46), (-half, 0.46)], line, _LINE, closed=True)
    brush.stroke([(0, -0.46), (0, 0.46)], line, _LINE)
    brush.circle(0, 0, 0.16, _LINE)
    brush.circle(0, 0, 0.1, grass)


def paint_baseball_field(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """A quarter-circle outfield in the colour, the dirt infield, the grass square, bases and the mound."""
    # home plate at u = -1, the outfield opens towards +u; radius 2 half lengths
    dirt = _CLAY if color[2] < 120 and color[1] > 105 else (214, 184, 132)
    reach = 2.0
    t = np.deg2rad(np.linspace(-45, 45, 30))
    fan = np.stack([-1 + reach * np.cos(t), reach * np.sin(t) * 0.7], 1)
    brush.polygon(np.array([(-1.0, -0.06), *fan, (-1.0, 0.06)]), shade(color, 0.72))
    inner = np.stack([-1 + 0.95 * reach * np.cos(t), 0.95 * reach * np.sin(t) * 0.7], 1)
    brush.polygon(np.array([(-0.96, 0.0), *inner]), color)
    for r, tone in ((0.84, 1.1), (0.7, 1.0)):
        ring = np.stack([-1 + r * reach * np.cos(t), r * reach * np.sin(t) * 0.7], 1)
        brush.polygon(np.array([(-0.96, 0.0), *ring]), shade(color, tone))
    infield = np.stack([-1 + 0.5 * reach * np.cos(t), 0.5 * reach * np.sin(t) * 0.7], 1)
    brush.polygon(np.array([(-1.0, 0.0), *infield]), dirt)
    brush.polygon([(-0.84, 0.0), (-0.52, -0.24), (-0.2, 0.0), (-0.52, 0.24)], shade(color, 1.06))
    brush.circle(-0.54, 0.0, 0.08, dirt)
    for u, v in ((-0.84, 0.0), (-0.52, -0.24), (-0.2, 0.0), (-0.52, 0.24)):
        brush.circle(u, v, 0.05, (248, 248, 244))
    edge = max(0.6, brush.width * 0.012)
    for side in (-1, 1):
        brush.stroke([(-0.94, 0.0), (-1 + 0.95 * reach * 0.70, side * 0.94 * reach * 0.495)], edge, _LINE)


def paint_golf_field(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """A winding fairway with a putting green and flag, sand bunkers and a pond."""
    fairway = color
    t = np.deg2rad(np.linspace(0, 360, 48, endpoint=False))
    phase = rng.uniform(0, 360, 2)
    radius = 0.86 + 0.08 * np.sin(3 * t + phase[0]) + 0.06 * np.sin(5 * t + phase[1])
    brush.polygon(np.stack([radius * np.cos(t), radius * np.sin(t)], 1), shade(fairway, 0.82))
    brush.polygon(np.stack([0.9 * radius * np.cos(t), 0.88 * radius * np.sin(t)], 1), fairway)
    brush.ellipse(0.48, 0.1, 0.24, 0.3, shade(fairway, 1.35))
    brush.circle(0.5, 0.08, 0.06, (250, 250, 250))
    for u, v in ((0.2, 0.48), (0.56, -0.4), (-0.2, -0.5), (-0.5, 0.34)):
        du, dv = rng.uniform(-0.06, 0.06, 2)
        brush.ellipse(u + du, v + dv, 0.13, 0.12, (236, 220, 176))
    brush.ellipse(-0.42, -0.16, 0.17, 0.16, (64, 110, 140))
