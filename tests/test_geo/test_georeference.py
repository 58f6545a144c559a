# Copyright (c) mmrrsis contributors.
import geopandas
import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC
from rasterio.transform import from_origin

from mmrrsis.geo import SceneReader

# Rasterio says it when a test writes a raster without a transform.
pytestmark = pytest.mark.filterwarnings('ignore:Dataset has no geotransform')

ZERO = [0.0] * 20
PLACE = from_origin(500_000, 5_000_000, 10, 10)


def one_block():
    """Rows 5 to 8, columns 10 to 15."""
    values = np.zeros((3, 20, 30), dtype=np.uint8)
    values[:, 5:9, 10:16] = 255
    return values


class Untouched:
    """Must not be asked."""

    mask_threshold = 0.5

    def predict_probabilities(self, images, expressions):
        pytest.fail('the model ran before the mistake was found')

    def check_words(self, expressions, force):
        return ()


def add_points(path, corners, crs='EPSG:32633'):
    points = [GroundControlPoint(row, column, *place) for (column, row), place in corners.items()]
    with rasterio.open(path, 'r+') as file:
        file.gcps = (points, rasterio.crs.CRS.from_user_input(crs))
    return path


def corner_points():
    return {corner: PLACE @ corner for corner in ((0, 0), (30, 0), (0, 20), (30, 20))}


def test_control_points_place_polygons_and_stay_in_masks(segment, model, write_scene, tmp_path):
    scene = add_points(write_scene(one_block(), crs=None, transform=None), corner_points())
    out = dict(mask=tmp_path / 'm.tif', vector=tmp_path / 'v.gpkg', probability=tmp_path / 'p.tif')
    segment(model, scene, **out)
    found = geopandas.read_file(out['vector'])
    assert found.crs == 'EPSG:32633' and found['area_m2'].tolist() == pytest.approx([2400])
    np.testing.assert_allclose(found.total_bounds, [500_100, 4_999_910, 500_160, 4_999_950])
    with rasterio.open(scene) as given:
        expected = [(point.row, point.col, point.x, point.y) for point in given.gcps[0]]
    for raster in ('mask', 'probability'):
        with rasterio.open(out[raster]) as file:
            points, crs = file.gcps
            assert [(point.row, point.col, point.x, point.y) for point in points] == expected
            assert crs == rasterio.crs.CRS.from_epsg(32633) and file.transform.is_identity


def test_control_points_that_no_affine_map_fits_are_refused_by_name(segment, model, write_scene, tmp_path):
    corners = corner_points() | {(30, 20): (500_330.0, 4_999_790.0)}
    scene = add_points(write_scene(one_block(), crs=None, transform=None), corners)
    with pytest.raises(ValueError, match=r'scene.tif has 4 ground control points.*misses them.*gdalwarp -tps'):
        segment(Untouched(), scene, vector=tmp_path / 'v.gpkg')
    segment(model, scene, mask=tmp_path / 'm.tif')
    with rasterio.open(tmp_path / 'm.tif') as file:
        assert len(file.gcps[0]) == 4


def test_rational_polynomials_are_refused_by_name_and_stay_in_masks(segment, model, write_scene, tmp_path):
    scene = write_scene(one_block(), crs=None, transform=None)
    line, sample = [*ZERO], [*ZERO]
    line[2], sample[1] = -1.0, 1.0
    one = [1.0, *ZERO[1:]]
    with rasterio.open(scene, 'r+') as file:
        file.rpcs = RPC(0.0, 100.0, 45.0, 0.1, one, line, 10.0, 10.0, 15.0, 0.1, one, sample, 15.0, 15.0)
    for crs in (None, 'EPSG:4326'):
        with pytest.raises(ValueError, match=r'scene.tif has rational polynomial .*gdalwarp -rpc'):
            segment(Untouched(), scene, vector=tmp_path / 'v.gpkg', crs=crs)
    segment(model, scene, mask=tmp_path / 'm.tif')
    with rasterio.open(tmp_path / 'm.tif') as file, rasterio.open(scene) as given:
        assert file.rpcs.to_gdal() == given.rpcs.to_gdal()


def test_a_crs_without_a_transform_is_refused_for_polygons(segment, model, write_scene, tmp_path):
    scene = write_scene(one_block(), transform=None)
    with pytest.raises(ValueError, match=r'scene.tif names a coordinate .* but no transform.*gdal_edit.py -a_ullr'):
        segment(Untouched(), scene, vector=tmp_path / 'v.gpkg')
    segment(model, scene, mask=tmp_path / 'm.tif')
    with rasterio.open(tmp_path / 'm.tif') as file:
        assert file.crs == rasterio.crs.CRS.from_epsg(32633) and file.transform.is_identity
    bare = write_scene(one_block(), name='bare.tif', crs=None, transform=None)
    with pytest.raises(ValueError, match=r'bare.tif names a coordinate .* but no transform'):
        segment(Untouched(), bare, vector=tmp_path / 'v.gpkg', crs='EPSG:32633')


LOCAL = 'LOCAL_CS["site",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
MOON = (
    'GEOGCS["Moon",DATUM["Moon",SPHEROID["Moon",1737400,0]],PRIMEM["Reference meridian",0],'
    'UNIT["degree",0.0174532925199433]]'
)


@pytest.mark.parametrize(
    'crs, transform, name, words',
    [
        (LOCAL, PLACE, 'v.gpkg', r"cannot be used for polygons with areas: .*'site' is neither. Assign another CRS"),
        (LOCAL, PLACE, 'v.geojson', r"'site' is neither"),
        (MOON, from_origin(5, 50, 1e-4, 1e-4), 'v.geojson', r'cannot be used for polygons in GeoJSON.*celestial body'),
        ('EPSG:4326', PLACE, 'v.gpkg', r'is no latitude; are the coordinates metres'),
        ('EPSG:32633', from_origin(5e9, 5e9, 10, 10), 'v.gpkg', r'has no longitude and latitude'),
        (None, PLACE, 'v.gpkg', r'scene.tif names no coordinate reference system'),
    ],
)
def test_a_crs_that_cannot_be_used_is_found_out_before_the_model_runs(
    segment, write_scene, tmp_path, crs, transform, name, words
):
    scene = write_scene(one_block(), crs=crs, transform=transform)
    with pytest.raises(ValueError, match=words):
        segment(Untouched(), scene, vector=tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ['scene.tif']


def test_areas_on_the_moon_are_those_of_the_moon(segment, model, write_scene, tmp_path):
    scene = write_scene(one_block(), crs=MOON, transform=from_origin(5, 50, 1e-4, 1e-4))
    segment(model, scene, vector=tmp_path / 'v.gpkg')
    side = np.radians(1e-4) * 1_737_400
    expected = 24 * side**2 * np.cos(np.radians(49.9993))
    assert geopandas.read_file(tmp_path / 'v.gpkg')['area_m2'][0] == pytest.approx(expected, rel=1e-3)


def test_a_rotated_pole_gives_geojson_and_no_geopackage(segment, model, write_scene, tmp_path):
    # GeoTIFF cannot hold such a CRS, so it is given.
    crs = '+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +datum=WGS84'
    scene = write_scene(one_block(), crs=None, transform=from_origin(5, 50, 1e-4, 1e-4))
    with pytest.raises(ValueError, match=r'scene.tif cannot be used for polygons with areas: .*WKT'):
        segment(Untouched(), scene, vector=tmp_path / 'v.gpkg', crs=crs)
    segment(model, scene, vector=tmp_path / 'v.geojson', crs=crs)
    side = np.radians(1e-4) * 6_371_000
    expected = 24 * side**2 * np.cos(np.radians(49.9993))
    found = geopandas.read_file(tmp_path / 'v.geojson')
    assert found['area_m2'][0] == pytest.approx(expected, rel=1e-2)


def test_a_photograph_is_upright_and_a_map_lies_as_it_is(write_scene, tmp_path):
    from PIL import Image

    stored = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = 6
    for name in ('a.png', 'a.tif'):
        Image.fromarray(stored).save(tmp_path / name, exif=exif)
        with SceneReader(tmp_path / name) as scene:
            image, _ = scene.read_reduced(100)
            assert (scene.height, scene.width) == (30, 20)
        np.testing.assert_array_equal(image, np.rot90(stored, -1))
    # With a place on the ground, here from a world file, the pixels lie as they are stored.
    (tmp_path / 'a.tfw').write_text('10\n0\n0\n-10\n500000\n5000000\n')
    with SceneReader(tmp_path / 'a.tif') as scene:
        np.testing.assert_array_equal(scene.read_reduced(100)[0], stored)
