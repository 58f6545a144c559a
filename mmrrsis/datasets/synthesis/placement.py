# Copyright (c) mmrrsis contributors.
"""Finding room for an object on a terrain."""

from dataclasses import dataclass

import cv2
import numpy as np

from .category_catalog import CategorySpec
from .surfaces import Surface
from .terrain import Terrain

_CANDIDATES = 48
_GRID = np.stack(np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-1, 1, 5)), -1).reshape(-1, 2)  # (35, 2)


@dataclass(frozen=True)
class Pose:
    """Where an object stands.

    Attributes:
        center: ``(x, y)`` in pixels.
        length: Extent along its own axis in pixels.
        width: Extent across.
        angle: Direction of the axis in degrees, clockwise from the image's x axis.
    """

    center: tuple[float, float]
    length: float
    width: float
    angle: float

    def corners(self, factor: float = 1.0, margin: float = 0.0) -> np.ndarray:
        """Corners ``(4, 2)`` of the rectangle, scaled and then widened by ``margin`` pixels on each side."""
        size = (self.length * factor + 2 * margin, self.width * factor + 2 * margin)
        return cv2.boxPoints((self.center, size, self.angle))


def _free(
    centers: np.ndarray, angles: np.ndarray, length: float, width: float, terrain: Terrain, occupied: np.ndarray,
    surfaces: tuple[int, ...], gap: float,
) -> np.ndarray:  # fmt: skip
    """Return which of K candidates ``(K,)`` lie inside the image, on the given surfaces (any if empty), unoccupied."""
    size = occupied.shape[0]
    rad = np.deg2rad(angles)[:, None]
    u, v = _GRID[None, :, 0] * (length / 2 + gap), _GRID[None, :, 1] * (width / 2 + gap)
    x = centers[:, :1] + u * np.cos(rad) - v * np.sin(rad)
    y = centers[:, 1:] + u * np.sin(rad) + v * np.cos(rad)
    inside = ((x >= 2) & (x < size - 2) & (y >= 2) & (y < size - 2)).all(1)
    columns, rows = np.clip(x, 0, size - 1).astype(np.intp), np.clip(y, 0, size - 1).astype(np.intp)
    free = inside & ~occupied[rows, columns].any(1)
    if surfaces:
        allowed = np.zeros(len(Surface), bool)
        allowed[list(surfaces)] = True
        free &= allowed[terrain.surfaces[rows, columns]].all(1)
    return free


def find_pose(
    rng: np.random.Generator, spec: CategorySpec, length: float, width: float, terrain: Terrain, occupied: np.ndarray,
    heading: float | None,
) -> Pose | None:  # fmt: skip
    """Look for a free place that suits a category.

    Args:
        rng: Source of randomness.
        spec: The category.
        length: Wanted length in pixels.
        width: Wanted width in pixels.
        terrain: The ground.
        occupied: ``(H, W)`` bool, True where other objects stand.
        heading: Common direction of free-standing objects in degrees (or at a right angle to it); None for any.

    Returns:
        A pose, or None if no candidate was free.
    """
    size = occupied.shape[0]
    surfaces = spec.surfaces
    gap = 0.04 * np.sqrt(length * width) + 0.008 * size
    positions = rng.uniform(-0.46, 0.46, _CANDIDATES) * size
    if spec.site == 'crossing':
        if terrain.axis is None:
            return None
        points = [terrain.axis.at(position) for position in positions]
        centers = np.array([point for point, _ in points])
        angles = np.array([angle for _, angle in points]) + 90 + rng.uniform(-8, 8)
    elif spec.site == 'shore':
        if terrain.shore is None:
            return None
        points = [terrain.shore.at(position) for position in positions]
        angles = np.array([angle for _, angle in points]) + 90
        rad = np.deg2rad(angles)
        reach = length / 2 - 0.02 * size
        centers = np.array([point for point, _ in points]) + reach * np.stack([np.cos(rad), np.sin(rad)], 1)
    else:
        roads = [road for road in terrain.roads if road.width >= 1.5 * width]
        if Surface.ROAD in surfaces and roads and rng.random() < 0.75:
            road = roads[rng.integers(len(roads))]
            start, along = np.array(road.start), np.array(road.end) - np.array(road.start)
            direction = along / np.linalg.norm(along)
            lane = (road.width / 2 - width / 2 - 2 * gap) * rng.uniform(0.4, 1) * (1 if rng.random() < 0.5 else -1)
            centers = start + rng.uniform(0.3, 0.7, (_CANDIDATES, 1)) * along + lane * direction[::-1] * (-1, 1)
            angle = np.rad2deg(np.arctan2(direction[1], direction[0])) + (180 if lane < 0 else 0)
            angles = angle + rng.uniform(-3, 3, _CANDIDATES)
            gap = min(gap, 2.0)
        else:
            if Surface.ROAD in surfaces:  # beside a road rather than across it
                surfaces = tuple(s for s in surfaces if s != Surface.ROAD)
            centers = rng.uniform(0.04, 0.96, (_CANDIDATES, 2)) * size
            if heading is None:
                angles = rng.uniform(0, 360, _CANDIDATES)
            else:
                angles = heading + 90 * rng.integers(0, 4, _CANDIDATES) + rng.uniform(-4, 4, _CANDIDATES)
    free = np.flatnonzero(_free(centers, angles, length, width, terrain, occupied, surfaces, gap))
    if not len(free):
        return None
    first = free[0]
    center = (float(centers[first, 0]), float(centers[first, 1]))
    return Pose(center, float(length), float(width), float(angles[first] % 360))
