# Copyright (c) mmrrsis contributors.
import cv2
import numpy as np
import pytest
import rasterio


@pytest.mark.parametrize('nodata, expected', [(None, None), (0, 0), (7, 7), (1, 255), (255, 255)])
def test_nodata_of_the_scene_is_kept_where_it_cannot_be_taken_for_the_mask(
    segment, model, write_scene, noise, tmp_path, nodata, expected
):
    segment(model, write_scene(noise(4, 4), nodata=nodata), mask=tmp_path / 'm.tif')
    with rasterio.open(tmp_path / 'm.tif') as file:
        assert file.nodata == expected


@pytest.mark.parametrize(
    'dtype, nodata, expected',
    [
        ('uint8', None, None),
        ('uint8', 0, np.nan),
        ('uint8', 1, np.nan),
        ('uint8', 255, 255),
        ('int16', -9999, -9999),
        ('float32', np.nan, np.nan),
        ('float64', 1e300, np.nan),  # no float32
    ],
)
def test_nodata_of_the_scene_is_kept_where_it_cannot_be_taken_for_a_probability(
    segment, model, write_scene, tmp_path, dtype, nodata, expected
):
    values = np.full((3, 8, 8), 9).astype(dtype)
    values[0, 2, 2] = 200  # black and white after a stretch from the 0th to the 100th percentile
    if nodata is not None:
        values[:, 4:] = nodata
    path = tmp_path / 'p.tif'
    segment(model, write_scene(values, nodata=nodata), probability=path, stretch=(0, 100))
    with rasterio.open(path) as file:
        np.testing.assert_equal(file.nodata, expected)
        probability, valid = file.read(1), file.read_masks(1) > 0
    assert valid[:4].all(), 'no probability counts as missing, not even 0 and 1'
    assert set(probability[:4].ravel()) == {0, 1}
    assert valid[4:].all() == valid[4:].any() == (nodata is None)


def test_rasters_are_tiled_compressed_and_say_what_they_show(segment, read, model, write_scene, noise, tmp_path):
    out = dict(mask=tmp_path / 'new' / 'm.tif', probability=tmp_path / 'p.tiff')
    result = segment(model, write_scene(noise(20, 20)), ['Red roofs', 'Blue'], threshold=0.25, **out)
    with rasterio.open(out['mask']) as file:
        assert file.profile['tiled'] and file.profile['compress'] == 'deflate' and file.dtypes == ('uint8', 'uint8')
        assert file.descriptions == ('Red roofs', 'Blue')
        assert float(file.tags(2)['score']) == pytest.approx(result.scores[1], abs=1e-6)
        np.testing.assert_array_equal(file.read(1), noise(20, 20)[0] > 0.25 * 255)
    assert read(out['probability']).dtype == np.float32
    assert sorted(path.name for path in tmp_path.iterdir()) == ['new', 'p.tiff', 'scene.tif'], 'nothing left behind'


def test_a_probability_at_the_threshold_is_outside(segment, read, model, write_scene, tmp_path):
    values = np.zeros((3, 4, 4), dtype=np.uint8)
    values[0, 0], values[0, 1] = 255, 1
    for threshold, expected in ((0, 8), (1, 0)):
        result = segment(model, write_scene(values), mask=tmp_path / 'm.tif', threshold=threshold)
        assert result.pixels == (expected,) and read(tmp_path / 'm.tif').sum() == expected


def test_picture_shows_each_expression(segment, blocks, model, write_scene, tmp_path):
    segment(model, write_scene(blocks(200, 300)), ['R', 'G'], picture=tmp_path / 'p.png')
    picture = cv2.imread(str(tmp_path / 'p.png'))
    assert picture.shape[1] == 600 and picture.shape[0] > 200
    assert picture[26, 46].tolist() == [48, 16, 224]  # 0.6 * (0, 0, 204) + 0.4 * (120, 40, 255), blue first
    assert picture[26, 346].tolist() == [0, 0, 204], 'no tint in the second view: green was asked for'


def test_a_photograph_without_coordinates_gives_mask_and_picture_without_a_warning(segment, blocks, model, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), blocks(20, 30).transpose(1, 2, 0)[..., ::-1])
    segment(model, tmp_path / 'a.png', ['R'], mask=tmp_path / 'm.tif', picture=tmp_path / 'p.png')
    assert cv2.imread(str(tmp_path / 'p.png')) is not None
    assert cv2.imread(str(tmp_path / 'm.tif'), cv2.IMREAD_UNCHANGED).shape == (20, 30)
