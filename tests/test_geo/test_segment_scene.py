# Copyright (c) mmrrsis contributors.
import errno

import geopandas
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from mmrrsis.apis import ExpressionWarning
from mmrrsis.dependencies import check_packages


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
def test_what_is_known_in_pixels_comes_back_at_its_place(
    segment, blocks, model, write_scene, tmp_path, rotated, place, mode
):
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
def test_tiles_give_what_one_look_gives(segment, read, model, write_scene, noise, tmp_path, shape, overlap):
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


def test_pixels_without_data_are_in_no_mask(segment, read, model, write_scene, tmp_path):
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


def test_scene_without_crs_gives_a_mask_but_polygons_only_with_a_crs(segment, blocks, model, write_scene, tmp_path):
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


class FullDisk:
    """Answers until the disk is full."""

    mask_threshold = 0.5

    def __init__(self, error):
        self.error = error

    def predict_probabilities(self, images, expressions):
        raise self.error

    def check_words(self, expressions, force):
        return ()


def test_full_disk_leaves_nothing_and_says_what_is_needed(segment, write_scene, tmp_path):
    scene = write_scene(np.ones((3, 64, 64), dtype=np.uint8))
    (tmp_path / 'm.tif').write_text('an older result')
    before = sorted(tmp_path.iterdir())
    disk = FullDisk(OSError(errno.ENOSPC, 'No space left on device'))
    with pytest.raises(OSError, match=r'The disk is full: up to 20.0 KiB are needed') as error:
        segment(disk, scene, mask=tmp_path / 'm.tif', probability=tmp_path / 'p.tif')
    assert error.value.errno == errno.ENOSPC
    with pytest.raises(OSError, match=r'up to 4.0 KiB are needed'):
        segment(disk, scene, mask=tmp_path / 'm.tif')
    assert sorted(tmp_path.iterdir()) == before and (tmp_path / 'm.tif').read_text() == 'an older result'


def test_other_errors_pass_and_leave_nothing(segment, write_scene, tmp_path):
    scene = write_scene(np.ones((3, 64, 64), dtype=np.uint8))
    with pytest.raises(RuntimeError, match=r'^out of memory$'):
        segment(FullDisk(RuntimeError('out of memory')), scene, mask=tmp_path / 'm.tif', vector=tmp_path / 'v.gpkg')
    assert [path.name for path in tmp_path.iterdir()] == ['scene.tif']


def test_missing_packages_are_named_with_the_command_that_installs_them():
    with pytest.raises(ImportError, match=r'needs nowhere_to_be_found. .*`pip install mmrrsis\[geo\]`'):
        check_packages('geo', ('rasterio', 'nowhere_to_be_found'))


class PickyModel:
    """Knows nothing of trees, and has a remark on everything else."""

    mask_threshold = 0.5

    def check_words(self, expressions, force):
        if not force:
            raise ValueError('no trees')
        return [f'{expression}: old?' for expression in expressions]

    def predict_probabilities(self, images, expressions):
        return np.zeros((len(images), len(expressions), *images[0].shape[:2]), dtype=np.float32)


def test_words_are_checked_before_anything_is_written(segment, write_scene, tmp_path):
    scene, mask = write_scene(np.ones((3, 16, 16), dtype=np.uint8)), tmp_path / 'm.tif'
    with pytest.raises(ValueError, match='no trees'):
        segment(PickyModel(), scene, ['tree', 'oak'], mask=mask)
    assert not mask.exists()
    with pytest.warns(ExpressionWarning) as issued:
        segment(PickyModel(), scene, ['tree', 'oak'], mask=mask, force=True)
    assert [str(item.message) for item in issued if item.category is ExpressionWarning] == ['tree: old?', 'oak: old?']
    assert mask.exists()
