# Copyright (c) mmrrsis contributors.
"""An antialiased canvas in the frame of one rotated object."""

from collections.abc import Sequence

import cv2
import numpy as np

from .colors import Rgb

_SUPERSAMPLING = 3
_SHIFT = 4  # fractional bits of cv2's fixed-point coordinates

Point = tuple[float, float]


class Brush:
    """Draws an object in its own frame and returns it rotated, at image resolution, with its coverage.

    Painters use normalised coordinates: ``u`` in [-1, 1] along the length (+1 is the front), ``v`` in [-1, 1] along
    the width. What is drawn later covers what was drawn before; everything drawn belongs to the object.

    Args:
        length: Extent along ``u`` in pixels.
        width: Extent along ``v`` in pixels.
        angle: Direction of +u in degrees, clockwise from the image's x axis (y points down).
    """

    def __init__(self, length: float, width: float, angle: float) -> None:
        self.length = length
        self.width = width
        radius = int(np.ceil(np.hypot(length, width) / 2)) + 2
        self.radius = radius
        self.canvas = np.zeros((2 * radius * _SUPERSAMPLING, 2 * radius * _SUPERSAMPLING, 4), np.uint8)
        rad = np.deg2rad(angle)
        cos, sin = np.cos(rad), np.sin(rad)
        scale = _SUPERSAMPLING * 2**_SHIFT
        self._axes = np.array([[cos * length / 2, sin * length / 2], [-sin * width / 2, cos * width / 2]]) * scale
        # cv2 puts integer coordinates on pixel centres
        self._origin = radius * scale - 2 ** (_SHIFT - 1)

    @property
    def aspect(self) -> float:
        """Length over width."""
        return self.length / self.width

    def polygon(self, points: Sequence[Point] | np.ndarray, color: Rgb) -> None:
        """Fill a polygon of ``(u, v)`` corners."""
        pixels = np.asarray(points, np.float64) @ self._axes + self._origin
        cv2.fillPoly(self.canvas, [np.round(pixels).astype(np.int32)], (*color, 255), cv2.LINE_8, _SHIFT)

    def rectangle(self, u0: float, v0: float, u1: float, v1: float, color: Rgb) -> None:
        """Fill the rectangle between two corners."""
        self.polygon(((u0, v0), (u1, v0), (u1, v1), (u0, v1)), color)

    def ellipse(
        self, u: float, v: float, radius_u: float, radius_v: float, color: Rgb, start: float = 0, end: float = 360
    ) -> None:
        """Fill an ellipse, or the sector from ``start`` to ``end`` degrees (from +u towards +v)."""
        t = np.deg2rad(np.linspace(start, end, 40))
        points = np.stack([u + radius_u * np.cos(t), v + radius_v * np.sin(t)], 1)
        if end - start < 360:
            points = np.concatenate([points, [[u, v]]])
        self.polygon(points, color)

    def circle(self, u: float, v: float, radius: float, color: Rgb, start: float = 0, end: float = 360) -> None:
        """Fill a true circle (or sector); ``radius`` in half widths."""
        self.ellipse(u, v, radius / self.aspect, radius, color, start, end)

    def stroke(self, points: Sequence[Point] | np.ndarray, thickness: float, color: Rgb, closed: bool = False) -> None:
        """Draw a line through points; ``thickness`` in pixels of the image (at least about half a pixel shows)."""
        pixels = np.round(np.asarray(points, np.float64) @ self._axes + self._origin).astype(np.int32)
        thickness = max(1, round(thickness * _SUPERSAMPLING))
        cv2.polylines(self.canvas, [pixels], closed, (*color, 255), thickness, cv2.LINE_8, _SHIFT)

    def arc(self, u: float, v: float, radius: float, start: float, end: float, thickness: float, color: Rgb) -> None:
        """Draw a circular arc; ``radius`` in half widths, angles in degrees from +u towards +v."""
        t = np.deg2rad(np.linspace(start, end, 24))
        points = np.stack([u + radius / self.aspect * np.cos(t), v + radius * np.sin(t)], 1)
        self.stroke(points, thickness, color)

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the object at image resolution.

        Returns:
            Colour times coverage, ``(2r, 2r, 3)`` float32 in [0, 255], and coverage, ``(2r, 2r)`` float32 in [0, 1],
            where ``r`` is :attr:`radius` and the object's centre lies on the corner between the middle pixels.
        """
        size = 2 * self.radius
        small = cv2.resize(self.canvas, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
        return small[..., :3], small[..., 3] / 255
