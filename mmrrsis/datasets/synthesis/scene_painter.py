# Copyright (c) mmrrsis contributors.
"""Puts pixels into a scene: roads' lines, houses, trees, objects with their shadows, haze, blur and noise."""

import cv2
import numpy as np

from .brush import Brush
from .category_catalog import CATALOG
from .colors import sample_rgb
from .placement import Pose
from .surfaces import Surface, render_surfaces, value_noise
from .terrain import Terrain

_ROOFS = ((146, 112, 94), (124, 124, 126), (168, 160, 150), (104, 96, 92), (186, 178, 164), (132, 118, 104))
_PADS = ((190, 188, 182), (172, 148, 114), (112, 112, 112), (208, 202, 188))
_PLANTABLE = (Surface.GRASS, Surface.SOIL, Surface.URBAN, Surface.FOREST)
_BUILDABLE = (Surface.URBAN, Surface.SOIL, Surface.CONCRETE)

#: Value of pixels in :attr:`ScenePainter.owner` that show no object.
NO_OBJECT = -1


class ScenePainter:
    """An image in the making, with the index of the object that each pixel shows.

    Args:
        rng: Source of randomness.
        terrain: The ground; roads are complete.
        roughness: Factor of the textures' amplitudes.

    Attributes:
        image: ``(H, W, 3)`` float32 RGB.
        owner: ``(H, W)`` int16, index of the visible object or :data:`NO_OBJECT`.
    """

    def __init__(self, rng: np.random.Generator, terrain: Terrain, roughness: float) -> None:
        self.rng = rng
        self.terrain = terrain
        self.size = terrain.surfaces.shape[0]
        self.unit = self.size / 256
        self.owner = np.full((self.size, self.size), NO_OBJECT, np.int16)
        self.image = render_surfaces(rng, terrain.surfaces, roughness)
        sun = np.deg2rad(rng.uniform(0, 360))
        self.sun = np.array([np.cos(sun), np.sin(sun)])

    def mark_roads(self) -> None:
        """Draw the lane lines of roads."""
        lines = np.zeros(self.owner.shape, np.uint8)
        for road in self.terrain.roads:
            start, end = np.array(road.start), np.array(road.end)
            length = np.linalg.norm(end - start)
            direction = (end - start) / length
            normal = direction[::-1] * (-1, 1)
            dash = max(4.0, 0.28 * road.width)
            thickness = max(1, round(road.width * 0.05))
            for offset in (-0.44, 0.44):
                ends = [np.round(p + offset * road.width * normal).astype(int).tolist() for p in (start, end)]
                cv2.line(lines, ends[0], ends[1], 255, thickness, cv2.LINE_AA)
            for offset in (0.0,) if road.width < 40 * self.unit else (-0.22, 0.0, 0.22):
                for t in np.arange(0, length, 2 * dash):
                    first = start + t * direction + offset * road.width * normal
                    if not (-dash < first[0] < self.size + dash and -dash < first[1] < self.size + dash):
                        continue
                    last = first + dash * direction
                    cv2.line(
                        lines, np.round(first).astype(int).tolist(), np.round(last).astype(int).tolist(), 255,
                        thickness, cv2.LINE_AA,
                    )  # fmt: skip
        lines[self.terrain.surfaces != Surface.ROAD] = 0
        self._blend(lines.astype(np.float32) * (0.8 / 255), (226, 222, 206))

    def _blend(self, coverage: np.ndarray, color: tuple[int, int, int]) -> None:
        """Lay a colour over the image with ``(H, W)`` coverage in [0, 1]."""
        self.image += (np.array(color, np.float32) - self.image) * coverage[..., None]

    def add_houses(self, count: int, occupied: np.ndarray) -> None:
        """Draw up to ``count`` plain roofs where nothing else stands and mark them as occupied."""
        buildable = np.isin(self.terrain.surfaces, _BUILDABLE) & ~occupied
        heading = self.rng.uniform(0, 90)
        for _ in range(count):
            center = self.rng.uniform(0, self.size, 2)
            sides = self.rng.uniform(12, 34, 2) * self.unit
            pose = Pose((float(center[0]), float(center[1])), float(max(sides)), float(min(sides)), heading)
            ring = np.concatenate([pose.corners(margin=2), pose.corners(0.5), center[None]])
            ring = np.clip(ring, 0, self.size - 1).astype(np.intp)
            if not buildable[ring[:, 1], ring[:, 0]].all():
                continue
            roof = np.array(_ROOFS[self.rng.integers(len(_ROOFS))], np.float32)
            corners = pose.corners()
            shadow = corners + self.sun * self.rng.uniform(3, 6) * self.unit
            ridge = [(corners[0] + corners[1]) / 2, (corners[2] + corners[3]) / 2]
            cv2.fillConvexPoly(self.image, np.round(shadow).astype(np.int32), (62.0, 62.0, 60.0), cv2.LINE_AA)
            cv2.fillConvexPoly(self.image, np.round(corners).astype(np.int32), roof.tolist(), cv2.LINE_AA)
            half = np.round([corners[0], ridge[0], ridge[1], corners[3]]).astype(np.int32)
            cv2.fillConvexPoly(self.image, half, (roof * 0.82).tolist(), cv2.LINE_AA)
            outline = np.round(pose.corners(margin=3)).astype(np.int32)
            for grid in (buildable, occupied):
                value = 0 if grid is buildable else 1
                view = grid.view(np.uint8)
                cv2.fillConvexPoly(view, outline, value)

    def add_trees(self, count: int, occupied: np.ndarray) -> None:
        """Draw up to ``count`` trees where nothing else stands."""
        plantable = np.isin(self.terrain.surfaces, _PLANTABLE) & ~occupied
        centers = self.rng.uniform(0, self.size, (count, 2))
        for x, y in centers:
            radius = self.rng.uniform(2.5, 6) * self.unit
            around = np.clip(
                np.array([[x, y], [x - radius, y], [x + radius, y], [x, y - radius], [x, y + radius]]),
                0,
                self.size - 1,
            ).astype(np.intp)
            if plantable[around[:, 1], around[:, 0]].all():
                self._tree((x, y), radius)

    def _tree(self, center: tuple[float, float], radius: float) -> None:
        """Draw a crown with its shadow."""
        tone = self.rng.uniform(0.8, 1.15)
        point = np.array(center)
        for offset, scale, color in (
            (self.sun * radius * 0.6, 1.0, (44, 54, 40)),
            (np.zeros(2), 1.0, (46 * tone, 76 * tone, 40 * tone)),
            (-self.sun * radius * 0.3, 0.55, (70 * tone, 104 * tone, 54 * tone)),
        ):
            pixel = np.round((point + offset) * 16).astype(int).tolist()
            cv2.circle(self.image, pixel, round(radius * scale * 16), color, -1, cv2.LINE_AA, 4)

    def occlude_by_tree(self, pose: Pose, area: float) -> None:
        """Let a tree cover a part of an object's edge, unless it would stand in water."""
        radius = float(np.clip(0.26 * np.sqrt(area), 2.5 * self.unit, 9 * self.unit))
        corners = pose.corners(0.9)
        corner = corners[self.rng.integers(4)]
        mix = self.rng.uniform(0.1, 0.9)
        point = corner * mix + corners[self.rng.integers(4)] * (1 - mix)
        column, row = np.clip(point, 0, self.size - 1).astype(int)
        if self.terrain.surfaces[row, column] == Surface.WATER:
            return
        self._tree((float(point[0]), float(point[1])), radius)
        hidden = np.zeros(self.owner.shape, np.uint8)
        cv2.circle(hidden, np.round(point * 16).astype(int).tolist(), round(radius * 16), 1, -1, cv2.LINE_8, 4)
        self.owner[hidden > 0] = NO_OBJECT

    def ground_color(self, pose: Pose) -> np.ndarray:
        """Mean colour ``(3,)`` of the image on and just around a pose."""
        x0, y0, x1, y1 = self._window(pose.corners(1.1))
        return self.image[y0:y1, x0:x1].mean((0, 1))

    def lay_pad(self, pose: Pose, color: tuple[int, int, int]) -> None:
        """Pave the ground around a pose."""
        coverage = np.zeros(self.owner.shape, np.uint8)
        outline = np.round(pose.corners(1.1, 3 * self.unit) * 16).astype(np.int32)
        cv2.fillConvexPoly(coverage, outline, 255, cv2.LINE_AA, 4)
        self._blend(coverage.astype(np.float32) * (0.94 / 255), color)

    def _window(self, points: np.ndarray) -> tuple[int, int, int, int]:
        low = np.clip(np.floor(points.min(0)), 0, self.size - 1).astype(int)
        high = np.clip(np.ceil(points.max(0)), 1, self.size).astype(int)
        return low[0], low[1], max(high[0], low[0] + 1), max(high[1], low[1] + 1)

    def add_object(self, index: int, category: str, color: str, pose: Pose) -> int:
        """Draw an object and its shadow.

        Args:
            index: Written into :attr:`owner`.
            category: A key of the catalog.
            color: A colour word.
            pose: Where it stands.

        Returns:
            Number of pixels drawn inside the image.
        """
        spec = CATALOG[category]
        brush = Brush(pose.length, pose.width, pose.angle)
        spec.painter(brush, sample_rgb(self.rng, color), self.rng)
        paint, coverage = brush.finish()
        # the patch lies on whole pixels; the object's centre moves by at most half a pixel
        left, top = round(pose.center[0]) - brush.radius, round(pose.center[1]) - brush.radius
        if category == 'ship':
            self._wake(pose)
        height = spec.height * pose.width
        if height > 0.7:
            self._shadow(coverage, left, top, height)
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.size, left + 2 * brush.radius), min(self.size, top + 2 * brush.radius)
        inner = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        alpha = coverage[inner]
        region = self.image[y0:y1, x0:x1]
        grain = self.rng.standard_normal(alpha.shape, dtype=np.float32) * 2.5
        region *= (1 - alpha)[..., None]
        region += paint[inner] + (alpha * grain)[..., None]
        solid = alpha > 0.5
        self.owner[y0:y1, x0:x1][solid] = index
        return int(solid.sum())

    def _shadow(self, coverage: np.ndarray, left: int, top: int, height: float) -> None:
        """Darken where the object's outline falls when swept along the sun's direction."""
        reach = int(np.ceil(height)) + 2
        swept = np.zeros((coverage.shape[0] + 2 * reach, coverage.shape[1] + 2 * reach), np.float32)
        rows, columns = coverage.shape
        for t in np.linspace(0.2, 1, max(2, min(8, int(height / 2)))):
            dx, dy = np.round(self.sun * height * t).astype(int) + reach
            window = swept[dy : dy + rows, dx : dx + columns]
            np.maximum(window, coverage, out=window)
        swept = cv2.blur(swept, (3, 3))
        left, top = left - reach, top - reach
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.size, left + swept.shape[1]), min(self.size, top + swept.shape[0])
        self.image[y0:y1, x0:x1] *= 1 - 0.5 * swept[y0 - top : y1 - top, x0 - left : x1 - left, None]

    def _wake(self, pose: Pose) -> None:
        """Foam behind a ship that is under way."""
        if self.rng.random() < 0.5:
            return
        rad = np.deg2rad(pose.angle)
        forward, side = np.array([np.cos(rad), np.sin(rad)]), np.array([-np.sin(rad), np.cos(rad)])
        stern = np.array(pose.center) - forward * pose.length * 0.46
        far = stern - forward * pose.length * self.rng.uniform(0.4, 0.8)
        points = [
            stern + side * pose.width * 0.4,
            far + side * pose.width * 0.8,
            far - side * pose.width * 0.8,
            stern - side * pose.width * 0.4,
        ]
        foam = np.zeros(self.owner.shape, np.uint8)
        cv2.fillConvexPoly(foam, np.round(points).astype(np.int32), 255, cv2.LINE_AA)
        foam[self.terrain.surfaces != Surface.WATER] = 0
        self._blend(cv2.blur(foam, (5, 5)).astype(np.float32) * (0.3 / 255), (214, 226, 228))

    def finish(self, cloud: bool, sigma: float, noise: float) -> np.ndarray:
        """Apply light, cloud shadow, blur and noise.

        Args:
            cloud: Whether the shadow of a cloud lies on the scene.
            sigma: Of the blur, in pixels.
            noise: Standard deviation of the sensor noise in grey levels.

        Returns:
            ``(H, W, 3)`` uint8 RGB.
        """
        image = self.image
        image *= np.float32(self.rng.uniform(0.92, 1.06))
        if cloud:
            cover = np.clip(value_noise(self.rng, self.size, (4, 4)) - 0.4, 0, 1)
            image *= 1 - 0.3 * cover[..., None]
        if sigma > 0.2:
            image = cv2.GaussianBlur(image, (0, 0), sigma)
        image += self.rng.standard_normal(image.shape, dtype=np.float32) * np.float32(noise)
        return np.clip(image, 0, 255).astype(np.uint8)

    def choose_pad(self, color: tuple[int, int, int]) -> tuple[int, int, int]:
        """Return the pad colour that differs most from a colour, with some chance the second."""
        order = sorted(_PADS, key=lambda pad: -float(np.linalg.norm(np.subtract(pad, color))))
        return order[int(self.rng.random() < 0.3)]
