# Copyright (c) mmrrsis contributors.
"""SynthRS's generator: scene number to picture, objects and verified referring expressions."""

from dataclasses import dataclass

import cv2
import numpy as np

from mmrrsis.datasets.expressions import Referral, Scene, SceneObject, write_expressions
from mmrrsis.datasets.expressions.writer import EASY_FORMS, LONG_FORMS

from .category_catalog import CATALOG, THEME_CATEGORIES
from .colors import COLORS, contrast
from .placement import Pose, find_pose
from .scene_painter import ScenePainter
from .terrain import Road, Terrain, build_terrain

#: Splits; each has scenes of its own.
SPLITS = ('train', 'val', 'test')

_ATTEMPTS = 50
_MAX_TARGETS = 4
_VISIBLE = 0.62  # smallest visible part of an object


@dataclass(frozen=True)
class _Level:
    """How hard scenes are.

    Attributes:
        objects: Least and greatest number of objects.
        area: Median area of an object of unit size in pixels of a 256 x 256 image.
        spread: Standard deviation of the logarithm of areas.
        roughness: Factor of the ground's textures.
        blur: Range of the blur's sigma in pixels of a 256 x 256 image.
        noise: Range of the noise's standard deviation in grey levels.
        contrast: Smallest RGB distance between an object's colour and the ground.
        clutter: Greatest number of houses and of trees.
        occlusion: Probability that a tree covers a part of an object.
        cloud: Probability of a cloud's shadow.
    """

    objects: tuple[int, int]
    area: float
    spread: float
    roughness: float
    blur: tuple[float, float]
    noise: tuple[float, float]
    contrast: float
    clutter: tuple[int, int]
    occlusion: float
    cloud: float


_LEVELS = {
    'easy': _Level((2, 5), 2750, 0.38, 1.0, (0.0, 0.6), (1.0, 4.0), 85, (4, 14), 0.0, 0.0),
    'full': _Level((3, 12), 820, 0.5, 1.5, (0.2, 1.1), (2.0, 8.0), 72, (14, 50), 0.18, 0.3),
}


#: Names of the levels.
LEVELS = tuple(_LEVELS)

# Airplanes, ships and bridges are rarely companions of others, vehicles and tanks often are.
_MAIN_SHARES = np.array(
    [{'airplane': 1.6, 'ship': 1.8, 'bridge': 1.4, 'vehicle': 0.8, 'storage tank': 0.8}.get(c, 1.0) for c in CATALOG]
)
_MAIN_SHARES /= _MAIN_SHARES.sum()


@dataclass
class _Plan:
    """An object that has a place, and later a colour."""

    category: str
    pose: Pose
    color: str = ''


class SceneGenerator:
    """Makes scenes that depend on nothing but the seed, the level, the split and the index.

    Args:
        level: ``'easy'`` (two to five larger objects, short expressions) or ``'full'`` (three to twelve smaller
            objects, harder ground, longer expressions).
        image_size: Height and width of the images in pixels, at least 64. Objects scale with it.
        seed: Not negative.

    Raises:
        ValueError: If an argument is not valid.
    """

    def __init__(self, level: str = 'easy', image_size: int = 256, seed: int = 0) -> None:
        if level not in _LEVELS:
            raise ValueError(f'SceneGenerator has no level {level!r}. Choose one of {", ".join(map(repr, LEVELS))}.')
        if image_size < 64:
            raise ValueError(f'`image_size` is {image_size}, too small to show objects. Use 64 or more.')
        if seed < 0:
            raise ValueError(f'`seed` is {seed}. Use 0 or a positive integer.')
        self.level = level
        self.image_size = image_size
        self.seed = seed

    def generate(self, index: int, split: str = 'train') -> Scene:
        """Make one scene.

        Args:
            index: Number of the scene in its split, not negative.
            split: ``'train'``, ``'val'`` or ``'test'``. Every third scene of ``'test'`` (index 2, 5, ...) has the
                subset ``'novel_pair'``: its targets have category-colour pairs that occur nowhere else.

        Returns:
            The scene, with at least one referral.

        Raises:
            ValueError: If the split is unknown or the index negative.
        """
        if split not in SPLITS:
            raise ValueError(f'SynthRS has no split {split!r}. Choose one of {", ".join(map(repr, SPLITS))}.')
        if index < 0:
            raise ValueError(f'Scene index {index} is negative. Use 0 or more.')
        subset = 'novel_pair' if split == 'test' and index % 3 == 2 else None
        key = [self.seed, LEVELS.index(self.level), SPLITS.index(split), index]
        for attempt in range(_ATTEMPTS):
            scene = self._attempt(np.random.default_rng([*key, attempt]), subset)
            if scene is not None:
                return scene
        raise RuntimeError(
            f'No scene with a clear expression in {_ATTEMPTS} attempts (level {self.level!r}, split {split!r}, index '
            f'{index}, seed {self.seed}, image_size {self.image_size}). Please report it; use another seed meanwhile.'
        )

    def _attempt(self, rng: np.random.Generator, subset: str | None) -> Scene | None:
        """Try to make a scene; None if too few objects found room or no expression was clear."""
        level = _LEVELS[self.level]
        novel = subset == 'novel_pair'
        main = str(rng.choice(tuple(CATALOG), p=_MAIN_SHARES))
        themes = CATALOG[main].themes
        theme = themes[rng.integers(len(themes))]
        wanted = self._choose_categories(rng, main, theme)
        painter, plans = self._lay_out(rng, theme, main, wanted)
        if len(plans) < level.objects[0] or (novel and not any(plan.category == main for plan in plans)):
            return None
        self._choose_colors(rng, painter, plans, novel, main)
        plans = [plan for plan in plans if plan.color]
        if len(plans) < level.objects[0]:
            return None
        # larger ones first, so that a small object is never buried
        plans.sort(key=lambda plan: -plan.pose.length * plan.pose.width)
        drawn = [painter.add_object(i, plan.category, plan.color, plan.pose) for i, plan in enumerate(plans)]
        for plan, pixels in zip(plans, drawn, strict=True):
            if rng.random() < level.occlusion:
                painter.occlude_by_tree(plan.pose, pixels)
        smallest = 40 * (self.image_size / 256) ** 2
        objects = []
        for i, (plan, pixels) in enumerate(zip(plans, drawn, strict=True)):
            found = _observe(painter.owner == i, plan)
            if found is None or found.area < max(smallest, _VISIBLE * pixels):
                return None
            objects.append(found)
        referrals = self._refer(rng, objects, novel)
        if not referrals:
            return None
        unit = self.image_size / 256
        image = painter.finish(
            bool(rng.random() < level.cloud), float(rng.uniform(*level.blur) * unit), float(rng.uniform(*level.noise))
        )
        return Scene(image, tuple(objects), tuple(referrals), subset)

    def _choose_categories(self, rng: np.random.Generator, main: str, theme: str) -> list[str]:
        """Return the categories of the objects to place: mostly the main one several times, then companions."""
        least, most = _LEVELS[self.level].objects
        count = int(rng.integers(least, most + 1))
        if rng.random() < 0.25:  # few objects are more usual than many
            count = min(count, int(rng.integers(least, most + 1)))
        if rng.random() < 0.88:
            of_main = int(rng.integers(2, max(3, round(0.75 * count) + 1)))
        else:
            of_main = 1
        if CATALOG[main].site != 'free':  # a river has few bridges
            of_main = min(of_main, 4)
        others = [name for name in THEME_CATEGORIES[theme] if name != main]
        companions = [others[rng.integers(len(others))] for _ in range(count - of_main)]
        # one kind of companion several times makes further targets that need their attributes
        if len(companions) > 1 and rng.random() < 0.6:
            companions = [companions[0]] * len(companions)
        return [main] * of_main + companions

    def _lay_out(
        self, rng: np.random.Generator, theme: str, main: str, wanted: list[str]
    ) -> tuple[ScenePainter, list[_Plan]]:
        """Build the ground, find places for objects and paint the ground."""
        level, size = _LEVELS[self.level], self.image_size
        unit = size / 256
        base_area = level.area * unit**2
        crossing = next((name for name in wanted if CATALOG[name].site == 'crossing'), 'bridge')
        spec = CATALOG[crossing]
        span = np.sqrt(base_area * spec.area * np.mean(spec.aspect) / spec.fill) * rng.uniform(0.9, 1.15)
        band = float(span / 1.3)
        if main == 'ship':  # wide enough for ships
            band = max(band, 0.36 * size)
        vehicle = CATALOG['vehicle']
        lane = np.sqrt(base_area * vehicle.area / np.mean(vehicle.aspect) / vehicle.fill)
        wide = theme == 'road' or rng.random() < 0.4
        terrain = build_terrain(rng, theme, size, band, float(lane * (rng.uniform(2.6, 3.4) if wide else 1.4)))
        occupied = np.zeros((size, size), bool)
        heading = float(rng.uniform(0, 360)) if rng.random() < 0.5 else None
        site_order = {'crossing': 0, 'shore': 1, 'free': 2}
        plans: list[_Plan] = []
        for name in sorted(wanted, key=lambda name: (site_order[CATALOG[name].site], name != main)):
            plan = self._place(rng, name, terrain, occupied, heading, band)
            if plan is not None:
                plans.append(plan)
                _mark(occupied, plan.pose.corners(1.08, 2 * unit))
        painter = ScenePainter(rng, terrain, level.roughness)
        painter.mark_roads()
        painter.add_houses(int(rng.integers(0, level.clutter[0] + 1)), occupied)
        painter.add_trees(int(rng.integers(0, level.clutter[1] + 1)), occupied)
        return painter, plans

    def _place(
        self,
        rng: np.random.Generator,
        name: str,
        terrain: Terrain,
        occupied: np.ndarray,
        heading: float | None,
        band: float,
    ) -> _Plan | None:
        """Find a place for one object, smaller if there is none at its size."""
        level, spec = _LEVELS[self.level], CATALOG[name]
        unit = self.image_size / 256
        area = level.area * spec.area * np.exp(level.spread * np.clip(rng.standard_normal(), -2, 2))
        aspect = rng.uniform(*spec.aspect)
        for shrink in (1.0, 0.8, 0.62):
            pixels = max(area * shrink, spec.min_area) * unit**2
            if spec.site == 'crossing':
                length = band * rng.uniform(1.25, 1.35)
                width = np.clip(
                    pixels / spec.fill / length, length / spec.aspect[1] * 0.8, length / spec.aspect[0] * 1.2
                )
            else:
                length = np.sqrt(pixels * aspect / spec.fill)
                width = length / aspect
            limit = 0.46 * self.image_size
            factor = min(1.0, limit / max(length, width))
            pose = find_pose(rng, spec, length * factor, width * factor, terrain, occupied, heading)
            if pose is not None:
                if name in ('bridge', 'overpass'):
                    self._approach(terrain, pose)
                return _Plan(name, pose)
        return None

    def _approach(self, terrain: Terrain, pose: Pose) -> None:
        """Lay the road that leads over a bridge or overpass; drawn before the objects, so it runs under the deck."""
        rad = np.deg2rad(pose.angle)
        reach = 1.5 * self.image_size
        dx, dy = reach * np.cos(rad), reach * np.sin(rad)
        x, y = pose.center
        terrain.add_road(Road((x - dx, y - dy), (x + dx, y + dy), 0.78 * pose.width))

    def _choose_colors(
        self, rng: np.random.Generator, painter: ScenePainter, plans: list[_Plan], novel: bool, main: str
    ) -> None:
        """Give each plan a colour that stands out from its ground; leave it empty if none does."""
        threshold = _LEVELS[self.level].contrast
        heroes = sum(plan.category == main for plan in plans)
        # one or two novel objects beside ordinary ones of their category
        novel_left = 0 if not novel else max(1, min(2, heroes - 1))
        previous: dict[str, str] = {}
        for plan in plans:
            spec = CATALOG[plan.category]
            wanted = list(rng.permutation(spec.colors))
            if plan.category in previous and rng.random() < 0.3:
                wanted.insert(0, previous[plan.category])
            is_novel = plan.category == main and novel_left > 0
            if is_novel:
                novel_left -= 1
                wanted = list(rng.permutation(spec.novel_colors))
            ground = painter.ground_color(plan.pose)
            chosen = next((str(word) for word in wanted if contrast(COLORS[word], ground) >= threshold), None)
            if spec.pad and (chosen is None or rng.random() < 0.35):
                word = str(wanted[0])
                pad = painter.choose_pad(COLORS[word])
                painter.lay_pad(plan.pose, pad)
                chosen = word
            if chosen is None:
                continue
            plan.color = chosen
            if not is_novel:
                previous[plan.category] = chosen

    def _refer(self, rng: np.random.Generator, objects: list[SceneObject], novel: bool) -> list[Referral]:
        """Choose targets, those with others of their category first, and write their expressions."""
        counts: dict[str, int] = {}
        for found in objects:
            counts[found.category] = counts.get(found.category, 0) + 1
        order = [int(i) for i in rng.permutation(len(objects))]
        if novel:
            order = [i for i in order if objects[i].color in CATALOG[objects[i].category].novel_colors]
        order.sort(key=lambda i: counts[objects[i].category] == 1)
        several = [i for i in order if counts[objects[i].category] > 1]
        # an object alone in its category is a target where there is no other, and now and then
        if several and rng.random() < 0.8:
            order = several
        referrals = []
        for i in order:
            expressions = write_expressions(
                objects,
                i,
                (self.image_size, self.image_size),
                rng,
                forms=LONG_FORMS if self.level == 'full' else EASY_FORMS,
                name_color=novel,
            )
            if expressions:
                referrals.append(Referral(i, expressions))
            if len(referrals) == _MAX_TARGETS:
                break
        return sorted(referrals, key=lambda referral: referral.object_index)


def _mark(occupied: np.ndarray, corners: np.ndarray) -> None:
    """Fill a polygon of ``(4, 2)`` corners in a bool map."""
    cv2.fillConvexPoly(occupied.view(np.uint8), np.round(corners).astype(np.int32), 1)


def _observe(mask: np.ndarray, plan: _Plan) -> SceneObject | None:
    """Describe what is visible of an object; None if nothing is."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if not len(columns):
        return None
    x0, x1, y0, y1 = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    center = (x0 + x1) / 2, (y0 + y1) / 2
    return SceneObject(plan.category, plan.color, center, int(mask.sum()), (x0, y0, x1, y1), mask)
