import numpy as np
import pytest
from pyproj import CRS
from shapely.geometry import Polygon, box

from mmrrsis.geo import polygon_areas


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
