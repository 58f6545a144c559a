# Copyright (c) mmrrsis contributors.
import json

import cv2
import numpy as np
import pytest
import rasterio

from mmrrsis.geo import segment_scene
from mmrrsis.web import read_source, segment_source, write_exports


def ring_bounds(feature):
    ring = np.array(feature['geometry']['coordinates'][0])
    return *ring.min(0), *ring.max(0)


def test_georeferenced_images_give_geotiff_and_geojson_in_their_place(
    predictor, write_tiff, tmp_path, pixels, block_in_degrees
):
    path = write_tiff()
    result = segment_source(predictor, read_source(path), ['red roof', 'green yard'])
    (tmp_path / 'out').mkdir()
    files = write_exports(result, 0.7, tmp_path / 'out')
    assert [file.name for file in files] == ['port_mask.tif', 'port_mask.geojson']
    with rasterio.open(files[0]) as mask, rasterio.open(path) as scene:
        assert mask.crs == scene.crs and mask.transform == scene.transform
        assert mask.descriptions == ('red roof', 'green yard')
        np.testing.assert_array_equal(mask.read(1), pixels[..., 0] == 204)
        assert not mask.read(2).any()
    (feature,) = json.loads(files[1].read_text())['features']
    assert feature['properties']['expression'] == 'red roof' and feature['properties']['pixels'] == 144
    assert feature['properties']['area_m2'] == pytest.approx(144 * 0.25)
    assert feature['properties']['score'] == pytest.approx(0.8)
    # One pixel is 0.5 m, about 5e-6 degrees. The block is turned against the meridian by less than a thousandth.
    np.testing.assert_allclose(ring_bounds(feature), block_in_degrees, atol=2e-8)
    assert predictor.calls == 1


@pytest.mark.parametrize('dtype', ['uint8', 'uint16'])
def test_files_are_those_of_the_command(predictor, write_tiff, tmp_path, dtype):
    values = np.random.default_rng(0).integers(1, 255, (3, 6, 46)).repeat(50, axis=1).repeat(50, axis=2).astype(dtype)
    values[:, 40:50] = 0
    path = write_tiff(values=values, nodata=0)
    source = read_source(path)
    assert source.image.shape[1] == 2048  # the model sees the scene reduced
    (tmp_path / 'out').mkdir()
    files = write_exports(segment_source(predictor, source, ['red roof']), 0.4, tmp_path / 'out')
    segment_scene(
        predictor, path, 'red roof', mask=tmp_path / 'a.tif', vector=tmp_path / 'a.geojson', mode='whole',
        threshold=0.4, show_progress=False,
    )  # fmt: skip
    with rasterio.open(files[0]) as web, rasterio.open(tmp_path / 'a.tif') as command:
        np.testing.assert_array_equal(web.read(), command.read())
        assert web.read().any()
    own, other = (json.loads(file.read_text())['features'] for file in (files[1], tmp_path / 'a.geojson'))
    assert own == other and own


def test_other_images_give_one_png_an_expression(predictor, photograph, tmp_path, pixels):
    result = segment_source(predictor, read_source(photograph), ['red roof/../x', 'green ' + 'y' * 200])
    (tmp_path / 'out').mkdir()
    files = write_exports(result, 0.5, tmp_path / 'out')
    assert files[0].name == 'yard_mask_1_red_roof_.._x.png' and len(files[1].name) < 80
    for file, channel, value in zip(files, (0, 1), (204, 153), strict=True):
        mask = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(mask, 255 * (pixels[..., channel] == value).astype(np.uint8))


def test_large_images_give_masks_of_their_own_size(predictor, tmp_path):
    from PIL import Image

    pixels = np.zeros((600, 3000, 3), dtype=np.uint8)
    pixels[100:300, 1000:2000, 0] = 255
    Image.fromarray(pixels).save(tmp_path / 'wide.png')
    (file,) = write_exports(segment_source(predictor, read_source(tmp_path / 'wide.png'), ['red roof']), 0.5, tmp_path)
    mask = cv2.imread(str(file), cv2.IMREAD_UNCHANGED) > 0
    target = pixels[..., 0] > 0
    assert mask.shape == target.shape
    assert (mask & target).sum() / (mask | target).sum() > 0.99


def test_a_tiff_without_georeference_gives_png_without_what_lacks_data(predictor, write_tiff, tmp_path, pixels):
    values = pixels.transpose(2, 0, 1).copy()
    values[:, 8:14] = 255
    path = write_tiff(values=values, crs=None, nodata=255)
    (file,) = write_exports(segment_source(predictor, read_source(path), ['red roof']), 0.5, tmp_path)
    mask = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert (mask > 0).sum() == 72 and (mask[14:20, 20:32] == 255).all()
