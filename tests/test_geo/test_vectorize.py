# Copyright (c) mmrrsis contributors.
import geopandas
import numpy as np
import pytest
from pyproj import CRS, Transformer
from scipy import ndimage
from shapely.geometry import Polygon, box

from mmrrsis.geo import polygon_areas


def test_geojson_is_in_degrees_and_names_each_expression(segment, blocks, model, write_scene, tmp_path):
    values = blocks()
    values[1, 0:2, 0:2] = 255
    path = tmp_path / 'found.geojson'
    result = segment(model, write_scene(values), ['R', 'G'], vector=path)
    found = geopandas.read_file(path)
    assert found.crs == 'EPSG:4326' and found['expression'].tolist() == ['R', 'R', 'R', 'G']
    assert result.polygons == (3, 1) and result.outputs == (path,)
    assert sorted(item.name for item in tmp_path.iterdir()) == ['found.geojson', 'scene.tif'], 'no mask was asked for'
    assert found['area_m2'].iloc[3] == pytest.approx(1.0)  # measured in the plane, not in degrees
    to_degrees = Transformer.from_crs(32633, 4326, always_xy=True)
    expected = to_degrees.transform([500_000, 500_001], [4_649_000, 4_648_999])
    west, south, east, north = found.geometry.iloc[3].bounds
    np.testing.assert_allclose([west, east, north, south], [*expected[0], *expected[1]], rtol=0, atol=2e-9)


@pytest.mark.parametrize('name, layer', [('a-b c', 'a-b c'), ('(1) new', '1) new'), ('+', 'mask')])
def test_layer_is_named_after_the_file_as_far_as_it_may(segment, blocks, model, write_scene, tmp_path, name, layer):
    segment(model, write_scene(blocks()), vector=tmp_path / f'{name}.gpkg')
    assert geopandas.list_layers(tmp_path / f'{name}.gpkg')['name'].tolist() == [layer]


def test_holes_stay_holes_and_parts_touch_at_corners_only(segment, model, write_scene, tmp_path):
    values = np.zeros((3, 12, 12), dtype=np.uint8)
    values[0, 2:9, 2:9] = 255
    values[0, 4:6, 4:6] = 0
    values[0, 9, 9] = 255
    segment(model, write_scene(values), vector=tmp_path / 'v.gpkg')
    found = geopandas.read_file(tmp_path / 'v.gpkg').sort_values('pixels')
    assert found['pixels'].tolist() == [1, 45] and len(found.geometry.iloc[1].interiors) == 1
    np.testing.assert_allclose(found['area_m2'], [0.25, 45 * 0.25])


def test_every_part_of_a_random_mask_has_its_own_score(segment, model, write_scene, noise, tmp_path):
    values = noise(50, 40)
    segment(model, write_scene(values), vector=tmp_path / 'v.gpkg', tile=16, overlap=8)
    found = geopandas.read_file(tmp_path / 'v.gpkg')
    labels, count = ndimage.label(values[0] > 127)
    index = np.arange(1, count + 1)
    expected = zip(
        ndimage.sum_labels(np.ones_like(labels), labels, index),
        ndimage.mean(values[0] / 255, labels, index).round(5),
        strict=True,
    )
    assert sorted(zip(found['pixels'], found['score'].round(5), strict=True)) == sorted(expected)
    np.testing.assert_allclose(found['area_m2'], found['pixels'] * 0.25)


def test_simplified_outlines_have_fewer_corners_near_the_old_ones(segment, model, write_scene, tmp_path):
    rows, columns = np.mgrid[:60, :60]
    values = np.zeros((3, 60, 60), dtype=np.uint8)
    values[0] = 255 * ((rows - 30) ** 2 + (columns - 30) ** 2 < 20**2)
    scene = write_scene(values)
    (exact, simple) = (
        segment(model, scene, vector=tmp_path / f'{s}.gpkg', simplify=s)
        and geopandas.read_file(tmp_path / f'{s}.gpkg').geometry[0]
        for s in (0, 1.5)
    )
    assert len(simple.exterior.coords) < len(exact.exterior.coords) / 3
    assert simple.hausdorff_distance(exact) <= 1.5 * 0.5 + 1e-9  # pixels of half a metre


def test_nothing_found_is_an_empty_layer(segment, model, write_scene, tmp_path):
    scene = write_scene(np.zeros((3, 9, 9), dtype=np.uint8))
    for name in ('v.gpkg', 'v.geojson'):
        result = segment(model, scene, vector=tmp_path / name, picture=tmp_path / 'p.png')
        found = geopandas.read_file(tmp_path / name)
        assert len(found) == 0 and result.polygons == (0,) and result.scores == (0.0,)
    assert found.crs == 'EPSG:4326'


def zone_area(south, north, degrees):
    """Area between two parallels on WGS 84, in closed form."""
    a, f = 6378137.0, 1 / 298.257223563
    e = np.sqrt(f * (2 - f))

    def q(latitude):
        s = np.sin(np.radians(latitude))
        return s / (1 - (e * s) ** 2) + np.arctanh(e * s) / e

    return a**2 * (1 - e**2) / 2 * (q(north) - q(south)) * np.radians(degrees)


@pytest.mark.parametrize('south', [0.0, 47.0, -60.01])
def test_degrees_are_measured_on_the_ellipsoid(south):
    # Geodesic edges leave the parallels by little on boxes as small as this.
    areas = polygon_areas(np.array([box(10, south, 10.01, south + 0.01)]), CRS.from_epsg(4326))
    assert areas[0] == pytest.approx(zone_area(south, south + 0.01, 0.01), rel=1e-6)


@pytest.mark.parametrize('clockwise', [True, False])
def test_holes_are_taken_off_whatever_their_direction(clockwise):
    hole = list(box(10.002, 47.002, 10.004, 47.004).exterior.coords)
    shell = box(10, 47, 10.01, 47.01).exterior.coords
    polygon = Polygon(shell, [hole[::-1] if clockwise else hole])
    expected = zone_area(47, 47.01, 0.01) - zone_area(47.002, 47.004, 0.002)
    assert polygon_areas(np.array([polygon]), CRS.from_epsg(4326))[0] == pytest.approx(expected, rel=1e-6)


def test_projected_areas_are_those_of_the_plane_in_metres():
    squares = np.array([box(500_000, 5e6, 500_010, 5e6 + 20), box(0, 0, 1, 1)])
    assert polygon_areas(squares[:1], CRS.from_epsg(32633))[0] == pytest.approx(200, rel=1e-9)
    foot = 1200 / 3937  # US survey foot
    texas = box(3_100_000, 13_800_000, 3_100_010, 13_800_010)
    assert polygon_areas(np.array([texas]), CRS.from_epsg(2278))[0] == pytest.approx(100 * foot**2, rel=1e-9)


def test_web_maps_are_not_believed():
    # At 60 degrees north a metre of the web map is about half a metre: the plane says four times too much.
    square = box(1_113_194, 8_399_737, 1_113_294, 8_399_837)
    area = polygon_areas(np.array([square]), CRS.from_epsg(3857))[0]
    assert area == pytest.approx(2500, rel=0.01)


def test_no_polygon_has_no_area():
    assert polygon_areas(np.zeros(0, dtype=object), CRS.from_epsg(4326)).shape == (0,)


def test_crs_of_a_building_site_does_not_measure():
    local = CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]')
    with pytest.raises(ValueError, match=r"'site' is neither"):
        polygon_areas(np.array([box(0, 0, 1, 1)]), local)
