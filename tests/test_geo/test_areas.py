# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest
import shapely
from pyproj import CRS, Geod, Transformer
from shapely.geometry import box

from mmrrsis.geo import polygon_areas


def dense_geodesic_area(polygon, crs):
    """Area of a polygon with edges of many geodesics; edges that cross 180 degrees are taken the short way."""
    fine = shapely.segmentize(polygon, polygon.length / 4000)
    x, y = np.array(fine.exterior.coords).T
    longitude, latitude = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(x, y)
    return abs(Geod(ellps='WGS84').polygon_area_perimeter(longitude, latitude)[0])


def pixels(transform_origin, pixel, column, row, width, height):
    left, top = transform_origin
    return box(left + column * pixel, top - (row + height) * pixel, left + (column + width) * pixel, top - row * pixel)


@pytest.mark.parametrize(
    'epsg, origin, pixel, expected',
    [
        (3832, (3339454.723798206, 6766432.4906451525), 10, 913.5),  # the antimeridian at 52 degrees north
        (3031, (-1300, 700), 100, 253_625),  # the south pole
        (3857, (1_113_194, 8_399_837), 10, None),
        (32633, (500_000, 5_000_000), 10, 2400),
        (32633, (1_300_000, 5_000_000), 10, None),  # far outside its zone
        (6933, (17_300_000, 6_000_000), 10, 2400),  # equal area
        (4326, (179.9, 70), 0.01, None),  # longitudes beyond 180 degrees
        (4326, (-30, 90), 0.1, None),
    ],
)
def test_areas_are_those_of_a_geodesic_computation_with_dense_edges(epsg, origin, pixel, expected):
    crs = CRS.from_epsg(epsg)
    polygon = pixels(origin, pixel, 10, 5, 6, 4)
    area = polygon_areas(np.array([polygon]), crs)[0]
    assert area == pytest.approx(dense_geodesic_area(polygon, crs), rel=1e-3)
    if expected is not None:
        assert area == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize('around', [(-300.0, -300.0), (0.0, -50.0), (-1e6, -2e6)])
def test_a_pole_may_be_inside_on_the_edge_or_far_away(around):
    crs = CRS.from_epsg(3031)
    polygon = box(around[0], around[1], around[0] + 700, around[1] + 400)
    # From the definition: a pixel of the plane over the square of the scale, which is the same in all directions.
    middle = np.array(polygon.centroid.coords[0])
    factors = np.array([crs_factor(crs, point) for point in (middle, polygon.exterior.coords[0])])
    assert polygon_areas(np.array([polygon]), crs)[0] == pytest.approx(polygon.area / factors.mean(), rel=1e-3)


def crs_factor(crs, point):
    from pyproj import Proj

    projection = Proj(crs)
    return projection.get_factors(*projection(*point, inverse=True)).areal_scale


@pytest.mark.parametrize('west', [-180, -30, 175])
@pytest.mark.parametrize('south', [-90, -10, 50, 80])
def test_pixels_of_ten_degrees_have_an_area(west, south):
    crs = CRS.from_epsg(4326)
    polygon = box(west, south, west + 10, south + 10)
    assert polygon_areas(np.array([polygon]), crs)[0] == pytest.approx(dense_geodesic_area(polygon, crs), rel=1e-3)


def test_zones_and_the_whole_earth_are_not_too_large():
    earth = 5.10065622e14  # square metres of WGS 84
    whole, north, half = box(-180, -90, 180, 90), box(-180, 0, 180, 90), box(0, -90, 180, 90)
    areas = polygon_areas(np.array([whole, north, half]), CRS.from_epsg(4326))
    np.testing.assert_allclose(areas, [earth, earth / 2, earth / 2], rtol=1e-3)
    side = 20037508.342789244  # the web map ends at 85.05 degrees
    assert polygon_areas(np.array([box(-side, -side, side, side)]), CRS.from_epsg(3857))[0] == pytest.approx(
        polygon_areas(np.array([box(-180, -85.0511288, 180, 85.0511288)]), CRS.from_epsg(4326))[0], rel=1e-3
    )


def test_many_polygons_each_have_their_own_area():
    crs = CRS.from_epsg(4326)
    squares = np.array([box(x, y, x + 0.01, y + 0.01) for x in range(-180, 180, 40) for y in range(-80, 80, 20)])
    areas = polygon_areas(squares, crs)
    np.testing.assert_allclose(areas, [dense_geodesic_area(square, crs) for square in squares], rtol=1e-4)


def test_grads_and_feet_are_units_too():
    # NTF (Paris) counts grads from Paris on the ellipsoid Clarke 1880 IGN.
    grads = polygon_areas(np.array([box(1, 50, 1.01, 50.01)]), CRS.from_epsg(4807))[0]
    degrees = dense_geodesic_area(box(0.9, 45, 0.909, 45.009), CRS.from_epsg(4326))
    assert grads == pytest.approx(degrees, rel=1e-3)


def test_what_lies_beyond_the_limb_of_the_earth_has_no_area():
    disk = CRS.from_proj4('+proj=geos +h=35785831 +lon_0=0 +datum=WGS84')
    inside, outside = box(0, 0, 3000, 3000), box(5.5e6, 5.5e6, 5.6e6, 5.6e6)
    areas = polygon_areas(np.array([inside, outside]), disk)
    assert areas[0] == pytest.approx(9e6, rel=1e-3) and np.isnan(areas[1])
