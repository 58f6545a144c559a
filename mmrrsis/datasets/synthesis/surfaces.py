# Copyright (c) mmrrsis contributors.
"""Kinds of ground and their textures."""

from enum import IntEnum

import cv2
import numpy as np


class Surface(IntEnum):
    """Kinds of ground; the values fill a scene's map of surfaces."""

    GRASS = 0
    SOIL = 1
    FOREST = 2
    CONCRETE = 3
    ROAD = 4
    WATER = 5
    SAND = 6
    URBAN = 7


# Two colours each, between which a slow noise mixes; several choices.
_PALETTES: dict[Surface, tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...]] = {
    Surface.GRASS: (
        ((98, 122, 70), (122, 134, 82)),
        ((112, 126, 80), (140, 138, 94)),
        ((82, 110, 62), (104, 124, 70)),
    ),
    Surface.SOIL: (
        ((168, 142, 108), (188, 164, 128)),
        ((150, 126, 98), (172, 146, 112)),
        ((182, 162, 132), (160, 144, 116)),
    ),
    Surface.FOREST: (((40, 64, 36), (58, 84, 46)), ((50, 72, 44), (70, 92, 54))),
    Surface.CONCRETE: (
        ((184, 182, 176), (172, 170, 166)),
        ((196, 192, 182), (182, 178, 170)),
        ((170, 172, 174), (182, 182, 180)),
    ),
    Surface.ROAD: (((92, 92, 94), (104, 104, 104)), ((82, 84, 88), (94, 94, 98))),
    Surface.WATER: (
        ((30, 66, 86), (44, 84, 100)),
        ((44, 92, 106), (58, 108, 116)),
        ((26, 52, 76), (34, 66, 90)),
        ((66, 96, 90), (80, 108, 98)),
    ),
    Surface.SAND: (((212, 194, 152), (200, 180, 140)),),
    Surface.URBAN: (((160, 156, 150), (148, 142, 136)), ((172, 162, 150), (158, 150, 140))),
}  # fmt: skip

# Amplitudes of the middle and of the fine noise in grey levels.
_ROUGHNESS: dict[Surface, tuple[float, float]] = {
    Surface.GRASS: (9, 8),
    Surface.SOIL: (9, 7),
    Surface.FOREST: (12, 22),
    Surface.CONCRETE: (4, 4),
    Surface.ROAD: (4, 4),
    Surface.WATER: (4, 7),
    Surface.SAND: (4, 5),
    Surface.URBAN: (7, 6),
}


def value_noise(rng: np.random.Generator, size: int, cells: tuple[int, int]) -> np.ndarray:
    """Smooth noise ``(size, size)`` float32, about unit variance, from a random grid of ``cells`` (rows, columns)."""
    grid = rng.standard_normal(cells, dtype=np.float32)
    return cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)


def render_surfaces(rng: np.random.Generator, surfaces: np.ndarray, roughness: float) -> np.ndarray:
    """Paint a map of surfaces.

    Args:
        rng: Source of randomness.
        surfaces: ``(H, W)`` uint8 of :class:`Surface`, square.
        roughness: Factor of the textures' amplitudes.

    Returns:
        ``(H, W, 3)`` float32 RGB, not clipped.
    """
    size = surfaces.shape[0]
    kinds = len(Surface)
    first, second = np.zeros((2, kinds, 3), np.float32)
    amplitude = np.zeros((kinds, 2), np.float32)
    for kind in Surface:
        palette = _PALETTES[kind]
        first[kind], second[kind] = palette[rng.integers(len(palette))]
        amplitude[kind] = _ROUGHNESS[kind]
    amplitude *= roughness
    slow = np.clip(0.5 + 0.45 * value_noise(rng, size, (6, 6)), 0, 1)
    middle = value_noise(rng, size, (24, 24))
    fine = value_noise(rng, size, (size // 3, size // 3))
    # water has waves: noise stretched in one direction
    waves = value_noise(rng, size, (size // 3, size // 12) if rng.random() < 0.5 else (size // 12, size // 3))
    fine = np.where(surfaces == Surface.WATER, waves, fine)
    brightness = middle * amplitude[surfaces, 0] + fine * amplitude[surfaces, 1]
    image = first[surfaces]
    image += (second - first)[surfaces] * slow[..., None]
    image += brightness[..., None]
    return image
