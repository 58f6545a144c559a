# Copyright (c) mmrrsis contributors.
"""Painters of buildings: storage tank, chimney, windmill, stadium, train station, harbor, bridge, overpass, toll."""

import numpy as np

from .brush import Brush
from .colors import Rgb, shade


def paint_storage_tank(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """A round roof: wall, rim, plates, a stair and the shade inside the rim."""
    brush.circle(0, 0, 1.0, shade(color, 0.68))
    brush.circle(0, 0, 0.93, shade(color, 1.15))
    brush.circle(0, 0, 0.86, color)
    if rng.random() < 0.5:  # floating roof: the rim throws a shade on it
        start = rng.uniform(0, 360)
        brush.circle(0, 0, 0.86, shade(color, 0.75), start, start + 130)
        brush.circle(0.06 * np.cos(np.deg2rad(start)), -0.06, 0.74, color)
    else:  # cone roof: plates
        for t in np.deg2rad(np.arange(0, 360, 45) + rng.uniform(0, 45)):
            brush.stroke([(0, 0), (0.86 * np.cos(t), 0.86 * np.sin(t))], 0.5, shade(color, 0.84))
        brush.circle(0, 0, 0.14, shade(color, 0.6))
    brush.rectangle(0.5, -0.07, 0.95, 0.07, shade(color, 0.55))


def paint_chimney(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """A tapering shaft seen slightly from the side, with bands, a rim and the dark mouth."""
    base, top = 1.0, rng.uniform(0.62, 0.74)
    u_base = -1 + 1 / brush.aspect
    u_top = 1 - top / brush.aspect
    brush.circle(u_base, 0, base, shade(color, 0.66))
    brush.polygon([(u_base, -base), (u_top, -top), (u_top, top), (u_base, base)], color)
    brush.polygon([(u_base, 0.25), (u_top, 0.18), (u_top, top), (u_base, base)], shade(color, 0.76))
    bands = (236, 236, 232) if min(color) < 150 else (176, 44, 40)
    for t in (0.45, 0.75):
        u, half = u_base + t * (u_top - u_base), base + t * (top - base)
        brush.rectangle(u - 0.05, -half, u + 0.05, half, bands)
    brush.circle(u_top, 0, top, shade(color, 1.2))
    brush.circle(u_top, 0, top * 0.66, (26, 24, 24))


def paint_windmill(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """A wind turbine: tower seen from above at a slant, nacelle and three blades."""
    hub = (0.28, 0.0)
    tower = [(-1.0, -0.075), (-1.0, 0.075), (hub[0], 0.04), (hub[0], -0.04)]
    brush.polygon(tower, shade(color, 0.84))
    brush.circle(-0.96, 0, 0.12, shade(color, 0.7))
    turn = rng.uniform(0, 120)
    for t in np.deg2rad(np.array([0, 120, 240]) + turn):
        direction, normal = np.array([np.cos(t), np.sin(t)]), np.array([-np.sin(t), np.cos(t)])
        reach = 0.72
        offsets = [(0.0, -0.045), (0.16, -0.1), (1.0, -0.02), (1.0, 0.03), (0.2, 0.055), (0.0, 0.045)]
        points = [reach * (a * direction + b * normal) for a, b in offsets]
        # widths are given in half widths, so the blades keep their shape at any aspect
        brush.polygon([(hub[0] + p[0] / brush.aspect, hub[1] + p[1]) for p in points], color)
    brush.circle(hub[0], hub[1], 0.1, shade(color, 0.9))


def paint_stadium(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """Oval stands in the colour around a striped pitch."""
    brush.ellipse(0, 0, 1.0, 1.0, shade(color, 0.72))
    brush.ellipse(0, 0, 0.95, 0.94, color)
    for t in np.deg2rad(np.arange(0, 360, 20) + 5):
        c, s = np.cos(t), np.sin(t)
        brush.stroke([(0.6 * c, 0.58 * s), (0.95 * c, 0.94 * s)], 0.5, shade(color, 0.8))
    brush.ellipse(0, 0, 0.76, 0.74, shade(color, 0.82))
    brush.ellipse(0, 0, 0.72, 0.7, shade(color, 1.12))
    brush.ellipse(0, 0, 0.6, 0.56, (150, 88, 62))
    grass, light = (70, 132, 58), (92, 154, 70)
    brush.rectangle(-0.46, -0.36, 0.46, 0.36, grass)
    for u in (-0.31, 0.0, 0.31):
        brush.rectangle(u - 0.075, -0.36, u + 0.075, 0.36, light)
    brush.stroke([(0, -0.36), (0, 0.36)], 0.5, (236, 236, 230))
    brush.stroke([(-0.46, -0.36), (0.46, -0.36), (0.46, 0.36), (-0.46, 0.36)], 0.5, (236, 236, 230), closed=True)


def paint_train_station(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """Hall roof at the side of tracks that run under several platform roofs."""
    brush.rectangle(-1.0, -0.95, 1.0, 0.45, (98, 92, 88))
    for v in (-0.82, -0.4, 0.02):
        for dv in (-0.07, 0.07):
            brush.rectangle(-1.0, v + dv - 0.02, 1.0, v + dv + 0.02, (190, 186, 180))
    for v in (-0.62, -0.19, 0.26):
        brush.rectangle(-0.88, v - 0.13, 0.88, v + 0.13, color)
        brush.rectangle(-0.88, v, 0.88, v + 0.13, shade(color, 0.82))
    brush.rectangle(-0.7, 0.4, 0.7, 1.0, shade(color, 0.86))
    brush.rectangle(-0.67, 0.44, 0.67, 0.72, shade(color, 1.1))
    brush.rectangle(-0.16, 0.4, 0.16, 1.0, color)
    for u in np.linspace(-0.58, 0.58, 8):
        brush.rectangle(u - 0.012, 0.44, u + 0.012, 0.96, shade(color, 0.7))


def paint_harbor(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """A jetty from the shore (at u = -1) into the water, with finger piers on both sides."""
    plank = shade(color, 0.84)
    fingers = int(rng.integers(3, 5))
    for u in np.linspace(-0.42, 0.86, fingers):
        brush.rectangle(u - 0.09, -1.0, u + 0.09, 1.0, color)
        brush.rectangle(u + 0.05, -1.0, u + 0.09, 1.0, plank)
    brush.rectangle(-1.0, -0.26, 0.96, 0.26, color)
    brush.rectangle(-1.0, 0.16, 0.96, 0.26, plank)
    brush.rectangle(-1.0, -0.6, -0.76, 0.6, color)
    for u in np.linspace(-0.6, 0.7, 6):
        brush.stroke([(u, -0.26), (u, 0.16)], 0.5, plank)


def paint_bridge(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """Deck with railings in a darker tone, cross beams and a dashed line."""
    brush.rectangle(-1.0, -1.0, 1.0, 1.0, shade(color, 0.62))
    brush.rectangle(-1.0, -0.82, 1.0, 0.82, color)
    if rng.random() < 0.5:  # truss
        for u in np.arange(-0.94, 0.95, 0.235):
            brush.stroke([(u, -0.9), (u, -0.5)], 0.8, shade(color, 0.6))
            brush.stroke([(u, 0.5), (u, 0.9)], 0.8, shade(color, 0.6))
    line = (245, 245, 240) if sum(color) < 480 else (90, 90, 92)
    for u in np.arange(-0.95, 0.9, 0.22):
        brush.rectangle(u, -0.05, u + 0.11, 0.05, line)
    for u in (-0.5, 0.5):  # piers' heads
        brush.rectangle(u - 0.04, -1.0, u + 0.04, -0.8, shade(color, 0.45))
        brush.rectangle(u - 0.04, 0.8, u + 0.04, 1.0, shade(color, 0.45))


def paint_overpass(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """An elevated carriageway: parapets, two lanes each way, continuous lines."""
    brush.rectangle(-1.0, -1.0, 1.0, 1.0, shade(color, 1.35) if sum(color) < 560 else shade(color, 0.7))
    brush.rectangle(-1.0, -0.84, 1.0, 0.84, color)
    line = (242, 206, 70) if sum(color) < 600 or color[2] > 150 else (90, 90, 92)
    brush.rectangle(-1.0, -0.05, 1.0, 0.05, line)
    lane = (244, 244, 240) if sum(color) < 480 else (96, 96, 98)
    for u in np.arange(-0.96, 0.9, 0.25):
        for v in (-0.44, 0.44):
            brush.rectangle(u, v - 0.035, u + 0.12, v + 0.035, lane)


def paint_toll_station(brush: Brush, color: Rgb, rng: np.random.Generator) -> None:
    """A long canopy across the carriageways (u) with lane islands sticking out on both sides."""
    for u in np.linspace(-0.84, 0.84, 7):
        brush.rectangle(u - 0.035, -1.0, u + 0.035, 1.0, (218, 216, 208))
        for v in (-0.92, 0.92):
            brush.rectangle(u - 0.035, v - 0.08, u + 0.035, v + 0.08, (214, 170, 40))
    brush.rectangle(-1.0, -0.62, 1.0, 0.62, shade(color, 0.74))
    brush.rectangle(-0.98, -0.54, 0.98, 0.5, color)
    brush.rectangle(-0.98, -0.06, 0.98, 0.06, shade(color, 1.3))
    for u in np.linspace(-0.7, 0.7, 6):
        brush.stroke([(u, -0.54), (u, 0.5)], 0.5, shade(color, 0.84))
