# Copyright (c) mmrrsis contributors.
"""Pixels: antialiased shapes, what hides what, shadows."""

import numpy as np
import pytest

from mmrrsis.datasets.synthesis.brush import Brush
from mmrrsis.datasets.synthesis.category_catalog import CATALOG
from mmrrsis.datasets.synthesis.placement import Pose
from mmrrsis.datasets.synthesis.scene_painter import NO_OBJECT, ScenePainter
from mmrrsis.datasets.synthesis.surfaces import Surface
from mmrrsis.datasets.synthesis.terrain import Axis, Road, Terrain


@pytest.fixture
def painter():
    """Soil without texture."""
    return ScenePainter(np.random.default_rng(0), Terrain(np.full((128, 128), Surface.SOIL, np.uint8)), 0.0)


@pytest.mark.parametrize('angle', [0, 30, 90, 217])
def test_brush_covers_the_area_of_the_shape(angle):
    brush = Brush(30, 12, angle)
    brush.rectangle(-1, -1, 1, 1, (10, 20, 30))
    paint, coverage = brush.finish()
    assert coverage.sum() == pytest.approx(30 * 12, rel=0.07)
    inside = coverage == 1
    np.testing.assert_allclose(paint[inside], np.broadcast_to((10, 20, 30), paint[inside].shape))


def test_brush_turns_clockwise_as_seen():
    brush = Brush(40, 8, 90)
    brush.rectangle(0, -1, 1, 1, (255, 255, 255))  # the front half
    _, coverage = brush.finish()
    rows, columns = np.nonzero(coverage > 0.5)
    assert rows.mean() - brush.radius == pytest.approx(10 - 0.5, abs=0.8)  # +u points down
    assert columns.mean() - brush.radius == pytest.approx(-0.5, abs=0.8)


@pytest.mark.parametrize('category', sorted(CATALOG))
def test_painters_fill_about_what_the_catalog_says(category):
    spec = CATALOG[category]
    aspect = np.mean(spec.aspect)
    brush = Brush(60 * aspect, 60, 20)
    spec.painter(brush, (200, 40, 40), np.random.default_rng(0))
    assert brush.finish()[1].sum() / (60 * 60 * aspect) == pytest.approx(spec.fill, rel=0.3)


def test_later_objects_hide_earlier_ones(painter):
    lower = Pose((60.0, 60.0), 50.0, 50.0, 0.0)
    painter.add_object(0, 'storage tank', 'white', lower)
    alone = painter.owner == 0
    painter.add_object(1, 'basketball court', 'blue', Pose((80.0, 60.0), 40.0, 24.0, 30.0))
    upper, rest = painter.owner == 1, painter.owner == 0
    assert (alone & upper).sum() > 100
    np.testing.assert_array_equal(rest, alone & ~upper)


def test_mask_is_where_the_object_is_seen_and_not_its_shadow(painter):
    before = painter.image.copy()
    painter.sun = np.array([1.0, 0.0])
    pixels = painter.add_object(0, 'chimney', 'white', Pose((50.0, 64.0), 60.0, 18.0, 90.0))
    mask = painter.owner == 0
    assert mask.sum() == pixels
    darker = (painter.image.mean(2) < 0.6 * before.mean(2)) & ~mask
    assert darker[:, 62:].sum() > 100  # the shadow, to the right
    unchanged = np.abs(painter.image - before).max(2) == 0
    assert not (unchanged & mask).any()


def test_mask_is_half_covered_pixels(painter):
    pose = Pose((64.0, 64.0), 30.0, 21.0, 33.0)
    painter.add_object(0, 'overpass', 'white', pose)
    assert (painter.owner == 0).sum() == pytest.approx(30 * 21, rel=0.02)


def test_tree_hides_a_part(painter):
    pose = Pose((64.0, 64.0), 40.0, 40.0, 0.0)
    pixels = painter.add_object(0, 'storage tank', 'white', pose)
    before = painter.owner == 0
    painter.occlude_by_tree(pose, pixels)
    after = painter.owner == 0
    hidden = before & ~after
    assert 0 < hidden.sum() < 0.35 * pixels
    assert not (after & ~before).any()
    assert (painter.owner[hidden] == NO_OBJECT).all()
    red, green, _ = painter.image[hidden].mean(0)
    assert green > red


def test_road_keeps_off_water():
    terrain = Terrain(np.full((64, 64), Surface.GRASS, np.uint8))
    terrain.surfaces[:, 30:] = Surface.WATER
    terrain.add_road(Road((0, 32), (64, 32), 8))
    assert (terrain.surfaces[32, :30] == Surface.ROAD).all()
    assert (terrain.surfaces[:, 30:] == Surface.WATER).all()


def test_points_on_an_axis_have_no_offset_from_it():
    axis = Axis((64.0, 60.0), 35.0, 6.0, 90.0, 1.0, 20.0)
    offset = axis.offset(128)
    for position in (-30, 0, 25):
        (x, y), _ = axis.at(position)
        assert abs(offset[round(y), round(x)]) < 1.5
    (x, y), angle = axis.at(0)
    side = np.deg2rad(angle + 90)  # to the right of the direction
    assert offset[round(y + 15 * np.sin(side)), round(x + 15 * np.cos(side))] > 10
