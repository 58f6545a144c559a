import errno

import cv2
import geopandas
import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin
from scipy import ndimage

from mmrrsis.dependencies import check_packages
from mmrrsis.geo import segment_scene, tile_starts


def segment(model, scene, expressions='R', **options):
    return segment_scene(model, scene, expressions, show_progress=False, **options)


def read(path):
    with rasterio.open(path) as file:
        return file.read()


def blocks(height=40, width=60):
    """A black scene whose red channel has two bright blocks and a single pixel."""
    values = np.zeros((3, height, width), dtype=np.uint8)
    values[0, 4:10, 5:25] = 255
    values[0, 20:33, 40:52] = 204
    values[0, 15, 2] = 255
    return values


def corners(transform, left, top, right, bottom):
    """Corners of a block of pixels in coordinates, from the definition of the affine map."""
    return {
        (
            round(transform.a * x + transform.b * y + transform.c, 7),
            round(transform.d * x + transform.e * y + transform.f, 7),
        )
        for x in (left, right)
        for y in (top, bottom)
    }


@pytest.mark.parametrize('place', ['utm', 'degrees', 'rotated', 'south_up'])
@pytest.mark.parametrize('mode', ['tiled', 'whole', 'coarse-to-fine'])
def test_what_is_known_in_pixels_comes_back_at_its_place(model, write_scene, tmp_path, rotated, place, mode):
    crs, transform = {
        'utm': ('EPSG:32633', from_origin(500_000, 4_649_000, 0.5, 0.5)),
        'degrees': ('EPSG:4326', from_origin(15.0, 42.0, 1e-5, 2e-5)),
        'rotated': ('EPSG:32633', rotated),
        'south_up': ('EPSG:32633', rasterio.Affine(0.5, 0, 500_000, 0, 0.5, 4_649_000)),
    }[place]
    scene = write_scene(blocks(), crs=crs, transform=transform)
    out = dict(mask=tmp_path / 'mask.tif', vector=tmp_path / 'mask.gpkg')
    segment(model, scene, mode=mode, tile=16, overlap=4, **out)
    with rasterio.open(out['mask']) as file:
        assert file.crs == rasterio.crs.CRS.from_user_input(crs) and file.transform.almost_equals(transform, 1e-12)
        np.testing.assert_array_equal(file.read(1), blocks()[0] > 127)
    found = geopandas.read_file(out['vector'])
    assert found.crs == crs and len(found) == 3
    by_size = found.sort_values('pixels', ascending=False).reset_index()
    assert by_size['pixels'].tolist() == [156, 120, 1]
    np.testing.assert_allclose(by_size['score'], [0.8, 1, 1], rtol=1e-5)
    for polygon, block in zip(by_size.geometry, [(40, 20, 52, 33), (5, 4, 25, 10), (2, 15, 3, 16)], strict=True):
        ring = {(round(x, 7), round(y, 7)) for x, y in polygon.exterior.coords}
        assert ring == corners(transform, *block), 'corners of pixels, exactly'
    if place == 'degrees':
        metre = 111_072.0  # of latitude at 42 degrees, to a thousandth
        expected = 156 * (2e-5 * metre) * (1e-5 * 111_320 * np.cos(np.radians(42)))
        assert by_size['area_m2'][0] == pytest.approx(expected, rel=5e-3)
    else:
        np.testing.assert_allclose(by_size['area_m2'], [39, 30, 0.25], rtol=1e-6)


@pytest.mark.parametrize('shape', [(64, 64), (37, 53), (5, 90), (90, 5), (1, 70), (1, 1)])
@pytest.mark.parametrize('overlap', [0, 5, 8])
def test_tiles_give_what_one_look_gives(model, write_scene, noise, tmp_path, shape, overlap):
    scene = write_scene(noise(*shape))
    results = {}
    for mode in ('tiled', 'whole', 'coarse-to-fine'):
        out = dict(mask=tmp_path / f'{mode}.tif', probability=tmp_path / f'{mode}_p.tif')
        result = segment(model, scene, ['R', 'B'], mode=mode, tile=16, overlap=overlap, batch_size=3, **out)
        results[mode] = (read(out['mask']), read(out['probability']), result.scores, result.pixels)
    expected = noise(*shape)[[0, 2]]
    for masks, probabilities, scores, pixels in results.values():
        np.testing.assert_array_equal(masks, expected > 127)
        np.testing.assert_allclose(probabilities, expected / 255, atol=1e-6)
        inside = [band[band > 127] / 255 for band in expected]
        np.testing.assert_allclose(scores, [values.mean() if values.size else 0 for values in inside], rtol=1e-5)
        assert pixels == tuple(values.size for values in inside)


def test_model_sees_full_tiles_in_batches(model, write_scene, noise, tmp_path):
    segment(model, write_scene(noise(30, 50)), mask=tmp_path / 'm.tif', tile=16, overlap=4, batch_size=3)
    rows, columns = len(tile_starts(30, 16, 4)), len(tile_starts(50, 16, 4))
    assert {shape for _, shape, _ in model.calls} == {(16, 16, 3)}
    assert sum(count for count, _, _ in model.calls) == rows * columns == 3 * 4
    assert [count for count, _, _ in model.calls] == [3, 1] * rows


def test_pixels_without_data_are_in_no_mask(model, write_scene, tmp_path):
    values = np.full((3, 40, 40), 4000, dtype=np.int16)
    values[:, :, ::2] = 3000
    values[:, 10:30, 10:30] = 32000  # bright, but declared nodata
    scene = write_scene(values, nodata=32000)
    for mode in ('tiled', 'whole', 'coarse-to-fine'):
        out = dict(mask=tmp_path / 'm.tif', probability=tmp_path / 'p.tif', vector=tmp_path / 'v.gpkg')
        result = segment(model, scene, mode=mode, tile=10, overlap=0, **out)
        expected = np.zeros((40, 40), dtype=np.uint8)
        expected[:, 1::2] = 1
        expected[10:30, 10:30] = 255
        np.testing.assert_array_equal(read(out['mask'])[0], expected)
        with rasterio.open(out['mask']) as file:
            assert file.nodata == 255
        with rasterio.open(out['probability']) as file:
            assert file.nodata == 32000 and (file.read(1)[10:30, 10:30] == 32000).all()
        assert result.pixels == ((expected == 1).sum(),)
        assert geopandas.read_file(out['vector'])['pixels'].sum() == (expected == 1).sum()


def test_tiles_without_data_are_not_predicted(model, write_scene, noise, tmp_path):
    values = noise(32, 32)
    values[:, :16] = 0
    segment(model, write_scene(values, nodata=0), mask=tmp_path / 'm.tif', tile=16, overlap=0)
    assert sum(count for count, _, _ in model.calls) == 2


@pytest.mark.parametrize('nodata, expected', [(None, None), (0, 0), (7, 7), (1, 255), (255, 255)])
def test_nodata_of_the_scene_is_kept_where_it_cannot_be_taken_for_the_mask(
    model, write_scene, noise, tmp_path, nodata, expected
):
    segment(model, write_scene(noise(4, 4), nodata=nodata), mask=tmp_path / 'm.tif')
    with rasterio.open(tmp_path / 'm.tif') as file:
        assert file.nodata == expected


def test_rasters_are_tiled_compressed_and_say_what_they_show(model, write_scene, noise, tmp_path):
    out = dict(mask=tmp_path / 'new' / 'm.tif', probability=tmp_path / 'p.tiff')
    result = segment(model, write_scene(noise(20, 20)), ['Red roofs', 'Blue'], threshold=0.25, **out)
    with rasterio.open(out['mask']) as file:
        assert file.profile['tiled'] and file.profile['compress'] == 'deflate' and file.dtypes == ('uint8', 'uint8')
        assert file.descriptions == ('Red roofs', 'Blue')
        assert float(file.tags(2)['score']) == pytest.approx(result.scores[1], abs=1e-6)
        np.testing.assert_array_equal(file.read(1), noise(20, 20)[0] > 0.25 * 255)
    assert read(out['probability']).dtype == np.float32
    assert sorted(path.name for path in tmp_path.iterdir()) == ['new', 'p.tiff', 'scene.tif'], 'nothing left behind'


def test_geojson_is_in_degrees_and_names_each_expression(model, write_scene, tmp_path):
    values = blocks()
    values[1, 0:2, 0:2] = 255
    path = tmp_path / 'found.geojson'
    result = segment(model, write_scene(values), ['R', 'G'], vector=path)
    found = geopandas.read_file(path)
    assert found.crs == 'EPSG:4326' and found['expression'].tolist() == ['R', 'R', 'R', 'G']
    assert result.polygons == (3, 1)
    assert found['area_m2'].iloc[3] == pytest.approx(1.0)  # measured in the plane, not in degrees
    to_degrees = Transformer.from_crs(32633, 4326, always_xy=True)
    expected = to_degrees.transform([500_000, 500_001], [4_649_000, 4_648_999])
    west, south, east, north = found.geometry.iloc[3].bounds
    np.testing.assert_allclose([west, east, north, south], [*expected[0], *expected[1]], atol=2e-9)


@pytest.mark.parametrize('name, layer', [('a-b c', 'a-b c'), ('(1) new', '1) new'), ('+', 'mask')])
def test_layer_is_named_after_the_file_as_far_as_it_may(model, write_scene, tmp_path, name, layer):
    segment(model, write_scene(blocks()), vector=tmp_path / f'{name}.gpkg')
    assert geopandas.list_layers(tmp_path / f'{name}.gpkg')['name'].tolist() == [layer]


def test_holes_stay_holes_and_parts_touch_at_corners_only(model, write_scene, tmp_path):
    values = np.zeros((3, 12, 12), dtype=np.uint8)
    values[0, 2:9, 2:9] = 255
    values[0, 4:6, 4:6] = 0
    values[0, 9, 9] = 255
    segment(model, write_scene(values), vector=tmp_path / 'v.gpkg')
    found = geopandas.read_file(tmp_path / 'v.gpkg').sort_values('pixels')
    assert found['pixels'].tolist() == [1, 45] and len(found.geometry.iloc[1].interiors) == 1
    np.testing.assert_allclose(found['area_m2'], [0.25, 45 * 0.25])


def test_every_part_of_a_random_mask_has_its_own_score(model, write_scene, noise, tmp_path):
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


def test_simplified_outlines_have_fewer_corners_near_the_old_ones(model, write_scene, tmp_path):
    lines, columns = np.mgrid[:60, :60]
    values = np.zeros((3, 60, 60), dtype=np.uint8)
    values[0] = 255 * ((lines - 30) ** 2 + (columns - 30) ** 2 < 20**2)
    scene = write_scene(values)
    (exact, simple) = (
        segment(model, scene, vector=tmp_path / f'{s}.gpkg', simplify=s)
        and geopandas.read_file(tmp_path / f'{s}.gpkg').geometry[0]
        for s in (0, 1.5)
    )
    assert len(simple.exterior.coords) < len(exact.exterior.coords) / 3
    assert simple.hausdorff_distance(exact) <= 1.5 * 0.5 + 1e-9  # pixels of half a metre


def test_nothing_found_is_an_empty_layer(model, write_scene, tmp_path):
    scene = write_scene(np.zeros((3, 9, 9), dtype=np.uint8))
    for name in ('v.gpkg', 'v.geojson'):
        result = segment(model, scene, vector=tmp_path / name, picture=tmp_path / 'p.png')
        found = geopandas.read_file(tmp_path / name)
        assert len(found) == 0 and result.polygons == (0,) and result.scores == (0.0,)
    assert found.crs == 'EPSG:4326'


def test_scene_without_crs_gives_a_mask_but_polygons_only_with_a_crs(model, write_scene, tmp_path):
    scene = write_scene(blocks(), crs=None)
    segment(model, scene, mask=tmp_path / 'm.tif')
    with rasterio.open(tmp_path / 'm.tif') as file:
        assert file.crs is None and file.transform == from_origin(500_000, 4_649_000, 0.5, 0.5)
    with pytest.raises(ValueError, match=r'names no coordinate reference system'):
        segment(model, scene, vector=tmp_path / 'v.gpkg')
    segment(model, scene, mask=tmp_path / 'm.tif', vector=tmp_path / 'v.gpkg', crs='EPSG:32633')
    assert geopandas.read_file(tmp_path / 'v.gpkg').crs == 'EPSG:32633'
    with rasterio.open(tmp_path / 'm.tif') as file:
        assert file.crs == rasterio.crs.CRS.from_epsg(32633)
    with pytest.raises(ValueError, match=r"such as EPSG:32633 but is 'nonsense'"):
        segment(model, scene, mask=tmp_path / 'm.tif', crs='nonsense')
    with pytest.raises(ValueError, match=r'has EPSG:32633. Leave `crs` out'):
        segment(model, write_scene(blocks(), name='has.tif'), mask=tmp_path / 'm.tif', crs='EPSG:32634')


def test_wrong_arguments_are_named_before_the_model_runs(model, write_scene, tmp_path):
    scene, mask = write_scene(blocks()), tmp_path / 'm.tif'
    for options, words in (
        (dict(mask=tmp_path / 'm.jpg'), r'extension of the mask .*m.jpg is unknown. Known are .tif, .tiff'),
        (dict(vector=tmp_path / 'v.shp'), r'extension of the vector file .*v.shp is unknown'),
        (dict(picture=tmp_path / 'p.svg'), r'extension of the picture'),
        (dict(), r'nothing to write'),
        (dict(mask=scene), r'must differ from each other and from the scene'),
        (dict(mask=mask, probability=mask), r'must differ'),
        (dict(mask=mask, mode='fine'), r"`mode` must be one of tiled, whole, coarse-to-fine but is 'fine'"),
        (dict(mask=mask, tile=0), r'`tile` must be 1'),
        (dict(mask=mask, overlap=400), r'`overlap` must be between 0 and half of the tile, 256'),
        (dict(mask=mask, threshold=35), r'`threshold` must be in \[0, 1\]'),
        (dict(mask=mask, simplify=-1), r'`simplify`'),
        (dict(mask=mask, batch_size=0), r'`batch_size`'),
        (dict(mask=mask, expressions=' '), r'expression is empty'),
        (dict(mask=mask, expressions=[]), r'no referring expression'),
    ):
        with pytest.raises(ValueError, match=words):
            segment(model, scene, **options)
    with pytest.raises(FileNotFoundError, match=r'none.tif'):
        segment(model, tmp_path / 'none.tif', mask=mask)
    assert model.calls == [] and not mask.exists()


class FullDisk:
    """Answers until the disk is full."""

    mask_threshold = 0.5

    def __init__(self, error):
        self.error = error

    def predict_probabilities(self, images, expressions):
        raise self.error


def test_full_disk_leaves_nothing_and_says_what_is_needed(write_scene, tmp_path):
    scene = write_scene(np.ones((3, 64, 64), dtype=np.uint8))
    (tmp_path / 'm.tif').write_text('an older result')
    before = sorted(tmp_path.iterdir())
    disk = FullDisk(OSError(errno.ENOSPC, 'No space left on device'))
    with pytest.raises(OSError, match=r'The disk is full: up to 20.0 KiB are needed') as error:
        segment(disk, scene, mask=tmp_path / 'm.tif', probability=tmp_path / 'p.tif')
    assert error.value.errno == errno.ENOSPC
    assert sorted(tmp_path.iterdir()) == before and (tmp_path / 'm.tif').read_text() == 'an older result'


def test_other_errors_pass_and_leave_nothing(write_scene, tmp_path):
    scene = write_scene(np.ones((3, 64, 64), dtype=np.uint8))
    with pytest.raises(RuntimeError, match=r'^out of memory$'):
        segment(FullDisk(RuntimeError('out of memory')), scene, mask=tmp_path / 'm.tif', vector=tmp_path / 'v.gpkg')
    assert [path.name for path in tmp_path.iterdir()] == ['scene.tif']


def test_picture_shows_each_expression(model, write_scene, tmp_path):
    segment(model, write_scene(blocks(200, 300)), ['R', 'G'], picture=tmp_path / 'p.png')
    picture = cv2.imread(str(tmp_path / 'p.png'))
    assert picture.shape[1] == 600 and picture.shape[0] > 200
    assert picture[26, 46].tolist() == [48, 16, 224]  # 0.6 * (0, 0, 204) + 0.4 * (120, 40, 255), blue first
    assert picture[26, 346].tolist() == [0, 0, 204], 'no tint in the second view: green was asked for'


def test_missing_packages_are_named_with_the_command_that_installs_them():
    with pytest.raises(ImportError, match=r'needs nowhere_to_be_found. .*`pip install mmrrsis\[geo\]`'):
        check_packages('geo', ('rasterio', 'nowhere_to_be_found'))
