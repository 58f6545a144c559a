# Copyright (c) mmrrsis contributors.
"""The lay of the land: coast, river, highway, roads and aprons, as a map of surfaces."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from .surfaces import Surface

_SHIFT = 4


@dataclass(frozen=True)
class Axis:
    """A line through the image that bends as a sine: the middle of a river or highway, or a shore.

    Attributes:
        origin: ``(x, y)`` on the line, near the image's centre.
        angle: Direction in degrees, clockwise from the image's x axis.
        bend: Amplitude of the sine in pixels.
        wavelength: Of the sine, in pixels.
        phase: Of the sine, in radians.
        width: Of the band around it, in pixels.
    """

    origin: tuple[float, float]
    angle: float
    bend: float
    wavelength: float
    phase: float
    width: float

    def at(self, position: float) -> tuple[tuple[float, float], float]:
        """Return the point ``(x, y)`` and the direction in degrees at a position along the line in pixels."""
        turn = 2 * np.pi / self.wavelength
        side = self.bend * np.sin(turn * position + self.phase)
        slope = self.bend * turn * np.cos(turn * position + self.phase)
        rad = np.deg2rad(self.angle)
        x = self.origin[0] + position * np.cos(rad) - side * np.sin(rad)
        y = self.origin[1] + position * np.sin(rad) + side * np.cos(rad)
        return (float(x), float(y)), self.angle + float(np.rad2deg(np.arctan(slope)))

    def offset(self, size: int) -> np.ndarray:
        """Signed distance to the line, ``(size, size)`` float32, positive to the right of the direction."""
        coordinates = np.arange(size, dtype=np.float32)
        x, y = coordinates[None] - self.origin[0], coordinates[:, None] - self.origin[1]
        cos, sin = np.float32(np.cos(np.deg2rad(self.angle))), np.float32(np.sin(np.deg2rad(self.angle)))
        along = x * cos + y * sin
        return -x * sin + y * cos - self.bend * np.sin(2 * np.pi / self.wavelength * along + self.phase)


@dataclass(frozen=True)
class Road:
    """A straight road.

    Attributes:
        start: ``(x, y)`` of one end.
        end: ``(x, y)`` of the other.
        width: In pixels.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    width: float


@dataclass
class Terrain:
    """What lies where, before objects are placed.

    Attributes:
        surfaces: ``(H, W)`` uint8 of :class:`Surface`.
        roads: Roads drawn so far.
        axis: River or highway, which bridges and overpasses cross; None without one.
        shore: The coast, water on its positive side; None without one.
    """

    surfaces: np.ndarray
    roads: list[Road] = field(default_factory=list)
    axis: Axis | None = None
    shore: Axis | None = None

    def add_road(self, road: Road) -> None:
        """Lay a road on everything but water."""
        drawn = np.zeros_like(self.surfaces)
        ends = [tuple(round(c * 2**_SHIFT) for c in point) for point in (road.start, road.end)]
        cv2.line(drawn, ends[0], ends[1], 1, max(2, round(road.width)), cv2.LINE_8, _SHIFT)
        self.surfaces[(drawn > 0) & (self.surfaces != Surface.WATER)] = Surface.ROAD
        self.roads.append(road)


_BASES: dict[str, tuple[Surface, ...]] = {
    'airport': (Surface.GRASS,),
    'forest': (Surface.FOREST,),
    'sports': (Surface.GRASS, Surface.GRASS, Surface.URBAN, Surface.SOIL),
    'urban': (Surface.URBAN, Surface.URBAN, Surface.SOIL),
    'industry': (Surface.SOIL, Surface.CONCRETE, Surface.URBAN, Surface.GRASS),
    'highway': (Surface.GRASS, Surface.SOIL, Surface.URBAN),
    'sea': (Surface.WATER,),
    'coast': (Surface.GRASS, Surface.SOIL, Surface.CONCRETE, Surface.URBAN),
    'river': (Surface.GRASS, Surface.SOIL, Surface.URBAN),
    'road': (Surface.GRASS, Surface.SOIL, Surface.URBAN, Surface.CONCRETE),
    'farm': (Surface.GRASS, Surface.GRASS, Surface.SOIL),
}


def _through_centre(rng: np.random.Generator, size: int, spread: float) -> tuple[float, float]:
    x, y = size / 2 + rng.uniform(-spread, spread, 2) * size
    return float(x), float(y)


def _quad(centre: tuple[float, float], length: float, width: float, angle: float) -> np.ndarray:
    """Corners ``(4, 2)`` of a rotated rectangle."""
    return cv2.boxPoints((centre, (length, width), angle))


def _fill_quad(surfaces: np.ndarray, corners: np.ndarray, surface: Surface) -> None:
    cv2.fillPoly(surfaces, [np.round(corners * 2**_SHIFT).astype(np.int32)], int(surface), cv2.LINE_8, _SHIFT)


def _random_road(rng: np.random.Generator, size: int, width: float, angle: float | None = None) -> Road:
    angle = rng.uniform(0, 180) if angle is None else angle
    x, y = _through_centre(rng, size, 0.3)
    dx, dy = 1.5 * size * np.cos(np.deg2rad(angle)), 1.5 * size * np.sin(np.deg2rad(angle))
    return Road((x - dx, y - dy), (x + dx, y + dy), width)


def build_terrain(rng: np.random.Generator, theme: str, size: int, band: float, road_width: float) -> Terrain:
    """Lay out one theme.

    Args:
        rng: Source of randomness.
        theme: A key of the themes in the catalog.
        size: Height and width of the image.
        band: Width of a river or highway in pixels, if the theme has one.
        road_width: Width of ordinary roads in pixels.

    Returns:
        The terrain with its roads drawn.
    """
    bases = _BASES[theme]
    base = bases[rng.integers(len(bases))]
    terrain = Terrain(np.full((size, size), base, np.uint8))
    if theme not in ('sea', 'airport', 'forest') and rng.random() < 0.6:  # patches of another ground
        other = (Surface.GRASS, Surface.SOIL, Surface.FOREST)[rng.integers(3)]
        for _ in range(rng.integers(1, 3)):
            centre = _through_centre(rng, size, 0.5)
            length, width = rng.uniform(0.2, 0.55, 2) * size
            corners = _quad(centre, length, width, rng.uniform(0, 90))
            _fill_quad(terrain.surfaces, corners, other)
    if theme == 'airport':
        angle = rng.uniform(0, 180)
        _fill_quad(
            terrain.surfaces, _quad(_through_centre(rng, size, 0.08), 1.6 * size, 0.86 * size, angle), Surface.CONCRETE
        )
        if rng.random() < 0.5:  # runway beside the apron
            rad = np.deg2rad(angle)
            x, y = size / 2 - 0.62 * size * np.sin(rad), size / 2 + 0.62 * size * np.cos(rad)
            dx, dy = 1.5 * size * np.cos(rad), 1.5 * size * np.sin(rad)
            terrain.add_road(Road((x - dx, y - dy), (x + dx, y + dy), 0.12 * size))
    elif theme in ('coast', 'river', 'highway'):
        straight = theme == 'highway'
        axis = Axis(
            _through_centre(rng, size, 0.1),
            float(rng.uniform(0, 360)),
            0.0 if straight else float(rng.uniform(0.01, 0.05) * size),
            float(rng.uniform(0.8, 1.6) * size),
            float(rng.uniform(0, 2 * np.pi)),
            band,
        )
        offset = axis.offset(size)
        if theme == 'coast':
            terrain.surfaces[offset > -0.03 * size] = Surface.SAND
            terrain.surfaces[offset > 0] = Surface.WATER
            terrain.shore = axis
        elif theme == 'river':
            terrain.surfaces[np.abs(offset) < band / 2 + 0.012 * size] = Surface.SAND
            terrain.surfaces[np.abs(offset) < band / 2] = Surface.WATER
            terrain.axis = axis
        else:
            start, end = axis.at(-1.5 * size)[0], axis.at(1.5 * size)[0]
            terrain.add_road(Road(start, end, band))
            terrain.axis = axis
    roads = {'road': 2, 'urban': 2, 'industry': 1, 'sports': 1, 'forest': 1, 'farm': 1}.get(theme, 0)
    if roads:
        first = float(rng.uniform(0, 180))
        terrain.add_road(_random_road(rng, size, road_width, first))
        if roads > 1 and rng.random() < 0.7:
            terrain.add_road(_random_road(rng, size, road_width, first + float(rng.uniform(60, 120))))
    return terrain
