# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from mmrrsis.geo import SceneReader


def read_all(path, **options):
    with SceneReader(path, **options) as scene:
        return scene.read(Window(0, 0, scene.width, scene.height))


def test_8_bit_rgb_comes_as_it_is(write_scene, noise):
    values = noise(20, 30)
    image, valid = read_all(write_scene(values))
    np.testing.assert_array_equal(image, values.transpose(1, 2, 0))
    assert valid.all() and image.flags.c_contiguous
    with SceneReader(write_scene(values)) as scene:
        part, _ = scene.read(Window(5, 3, 10, 7))
        np.testing.assert_array_equal(part, image[3:10, 5:15])


def test_bands_are_chosen_by_colour_else_by_order(write_scene, noise, tmp_path):
    path = write_scene(np.concatenate([noise(8, 8), noise(8, 8, seed=1)]))
    np.testing.assert_array_equal(read_all(path)[0], noise(8, 8).transpose(1, 2, 0))
    with rasterio.open(path, 'r+') as file:  # blue, green, red, and three more
        file.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red, *[ColorInterp.undefined] * 3]
    np.testing.assert_array_equal(read_all(path)[0], noise(8, 8)[::-1].transpose(1, 2, 0))
    np.testing.assert_array_equal(
        read_all(path, bands=(6, 4, 5))[0], noise(8, 8, seed=1)[[2, 0, 1]].transpose(1, 2, 0)
    )
    grey, _ = read_all(path, bands=(4,))
    np.testing.assert_array_equal(grey, np.stack([noise(8, 8, seed=1)[0]] * 3, axis=-1))


def test_one_and_two_bands_are_grey(write_scene, noise):
    for count in (1, 2):
        image, _ = read_all(write_scene(noise(6, 5)[:count]))
        np.testing.assert_array_equal(image, np.stack([noise(6, 5)[0]] * 3, axis=-1))


def test_palette_is_looked_up(write_scene):
    path = write_scene(np.array([[[0, 1, 2]]], dtype=np.uint8), photometric='palette')
    with rasterio.open(path, 'r+') as file:
        file.write_colormap(1, {0: (1, 2, 3, 255), 1: (40, 50, 60, 255), 2: (7, 8, 9, 255)})
    np.testing.assert_array_equal(read_all(path)[0], [[[1, 2, 3], [40, 50, 60], [7, 8, 9]]])
    np.testing.assert_array_equal(read_all(path, bands=(1,))[0][..., 0], [[0, 1, 2]])  # as it was asked for


def test_reduced_reading_of_a_palette_shows_colours_that_are_there(write_scene):
    path = write_scene(np.tile(np.array([0, 1], dtype=np.uint8), (1, 8, 4)), photometric='palette')
    with rasterio.open(path, 'r+') as file:  # the third colour is the mean of the others
        file.write_colormap(1, {0: (0, 0, 0, 255), 1: (200, 200, 200, 255), 2: (100, 100, 100, 255)})
    with SceneReader(path) as scene:
        image, _ = scene.read_reduced(4)
    assert image.shape == (4, 4, 3) and set(np.unique(image)) <= {0, 200}


def virtual_band(number, nodata=''):
    """One band of a virtual raster, whose bands may differ in their nodata value."""
    source = f'<SourceFilename relativeToVRT="1">scene.tif</SourceFilename><SourceBand>{number}</SourceBand>'
    return (
        f'<VRTRasterBand dataType="Byte" band="{number}">{nodata}<SimpleSource>{source}</SimpleSource></VRTRasterBand>'
    )


def test_nodata_is_that_of_the_chosen_band(write_scene, tmp_path):
    values = np.full((2, 4, 4), 90, dtype=np.uint8)
    values[:, 0] = 7
    write_scene(values)
    bands = virtual_band(1) + virtual_band(2, nodata='<NoDataValue>7</NoDataValue>')
    (tmp_path / 'scene.vrt').write_text(f'<VRTDataset rasterXSize="4" rasterYSize="4">{bands}</VRTDataset>')
    for band, nodata, missing in ((1, None, 0), (2, 7, 4)):
        with SceneReader(tmp_path / 'scene.vrt', bands=(band,)) as scene:
            assert scene.nodata == nodata and scene.may_lack_pixels == (missing > 0)
            assert (~scene.read_valid(Window(0, 0, 4, 4))).sum() == missing


@pytest.mark.parametrize('dtype', ['uint16', 'int16', 'float32', 'float64', 'int32'])
def test_other_types_are_stretched_from_their_2nd_to_98th_percentile(write_scene, dtype):
    values = np.random.default_rng(0).integers(100, 4000, (3, 50, 40)).astype(dtype)
    image, _ = read_all(write_scene(values))
    for band in range(3):
        low, high = np.percentile(values[band], (2, 98))
        expected = np.clip((values[band] - low) / (high - low), 0, 1) * 255
        np.testing.assert_allclose(image[..., band], expected, atol=0.51)


def test_nodata_does_not_distort_the_stretch_and_is_not_valid(write_scene):
    values = np.random.default_rng(0).integers(100, 4000, (3, 50, 40)).astype(np.int16)
    plain, _ = read_all(write_scene(values, name='plain.tif'))
    padded = np.full((3, 50, 80), -9999, dtype=np.int16)
    padded[..., :40] = values
    image, valid = read_all(write_scene(padded, nodata=-9999))
    np.testing.assert_array_equal(image[:, :40], plain)
    assert valid[:, :40].all() and not valid[:, 40:].any()


def test_nan_needs_no_declaration(write_scene):
    values = np.random.default_rng(0).random((1, 10, 10)).astype(np.float32)
    values[0, :2] = np.nan
    values[0, 2, 0] = np.inf
    image, valid = read_all(write_scene(values))
    assert not valid[:2].any() and not valid[2, 0] and valid.sum() == 79
    assert (image[:2] == 0).all() and image[3:].max() == 255


def test_alpha_and_mask_bands_are_respected(write_scene, noise):
    alpha = np.zeros((1, 8, 8), dtype=np.uint8)
    alpha[:, 2:, :] = 255
    _, valid = read_all(write_scene(np.concatenate([noise(8, 8), alpha]), name='alpha.tif', alpha=True))
    np.testing.assert_array_equal(valid, alpha[0] > 0)
    _, valid = read_all(write_scene(noise(8, 8), name='mask.tif', mask=alpha[0]))
    np.testing.assert_array_equal(valid, alpha[0] > 0)


def test_a_colour_that_one_band_shares_with_nodata_stays(write_scene):
    values = np.full((3, 4, 4), 90, dtype=np.uint8)
    values[0, 0, 0] = 255
    values[:, 1, 1] = 255
    image, valid = read_all(write_scene(values, nodata=255))
    assert image[0, 0].tolist() == [255, 90, 90] and valid[0, 0] and not valid[1, 1] and valid.sum() == 15


def test_percentiles_are_given_and_wrong_ones_named(write_scene, noise):
    values = (noise(40, 40).astype(np.uint16) + 1) * 100
    image, _ = read_all(write_scene(values), stretch='0,100')
    assert image.min() == 0 and image.max() == 255
    np.testing.assert_allclose(image[..., 0], (values[0] - 100) / 25500 * 255, atol=1)
    stretched, _ = read_all(write_scene(noise(40, 40)), stretch=(20, 80))
    assert (stretched == 255).mean() == pytest.approx(0.2, abs=0.03)
    for wrong in ('min', '98,2', '2', '-1,50', (1, 2, 3)):
        with pytest.raises(ValueError, match=r'`stretch` must be'):
            read_all(write_scene(values), stretch=wrong)
    with pytest.raises(ValueError, match=r'`stretch` is `none` but the scene is uint16'):
        read_all(write_scene(values), stretch='none')


def test_constant_band_is_black_not_an_error(write_scene):
    image, valid = read_all(write_scene(np.full((1, 4, 4), 7, dtype=np.uint16)))
    assert (image == 0).all() and valid.all()


def test_reduced_reading_averages(write_scene):
    values = np.zeros((3, 8, 16), dtype=np.uint8)
    values[:, :, ::2] = 100
    with SceneReader(write_scene(values)) as scene:
        image, valid = scene.read_reduced(8)
        assert image.shape == (4, 8, 3) and (image == 50).all() and valid.shape == (4, 8)
        assert scene.read_reduced(100)[0].shape == (8, 16, 3), 'never enlarged'


def test_wrong_files_and_bands_are_named(write_scene, noise, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'There is no scene .*none.tif'):
        SceneReader(tmp_path / 'none.tif')
    (tmp_path / 'text.tif').write_text('no raster')
    with pytest.raises(ValueError, match=r'text.tif cannot be read as a raster'):
        SceneReader(tmp_path / 'text.tif')
    path = write_scene(noise(4, 4))
    with pytest.raises(ValueError, match=r'There is no band 4: .* has 3, counted from 1'):
        SceneReader(path, bands=(4, 1, 2))
    with pytest.raises(ValueError, match=r'There is no band 0'):
        SceneReader(path, bands=(0,))
    with pytest.raises(ValueError, match=r'one band or three'):
        SceneReader(path, bands=(1, 2))
    with pytest.raises(ValueError, match=r'complex64; only real numbers'):
        SceneReader(write_scene(np.ones((1, 2, 2), dtype=np.complex64)))


def test_damaged_band_is_named_with_its_place(write_scene, noise):
    path = write_scene(noise(64, 64), blockysize=8)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=r'cannot be read') as error:
        read_all(path)
    assert 'scene.tif' in str(error.value)


@pytest.mark.parametrize('bits', [1, 2, 4])
def test_values_of_fewer_than_8_bits_fill_them(write_scene, bits):
    values = np.arange(64, dtype=np.uint8).reshape(1, 8, 8) % 2**bits
    image, _ = read_all(write_scene(values, nbits=bits))
    np.testing.assert_array_equal(image[..., 0], np.rint(values[0] * (255 / (2**bits - 1))))


def test_bilevel_pictures_are_black_and_white(tmp_path):
    bits = np.arange(200).reshape(10, 20) % 3 == 0
    Image.fromarray(bits).save(tmp_path / 'a.png')
    np.testing.assert_array_equal(read_all(tmp_path / 'a.png')[0][..., 0], bits * 255)


@pytest.mark.parametrize('bands', [None, (1,)])
def test_transparent_entries_of_a_palette_are_no_data(tmp_path, bands):
    index = np.arange(80, dtype=np.uint8).reshape(8, 10) % 4
    picture = Image.fromarray(index).convert('P')
    picture.putpalette([10, 20, 30, 200, 0, 0, 0, 200, 0, 0, 0, 200])
    picture.save(tmp_path / 'a.png', transparency=bytes([255, 0, 255, 0]))
    image, valid = read_all(tmp_path / 'a.png', bands=bands)
    np.testing.assert_array_equal(valid, index % 2 == 0)
    if bands is None:
        assert image[0, 0].tolist() == [10, 20, 30] and image[0, 2].tolist() == [0, 200, 0]


def test_infinite_values_are_no_data_and_black(write_scene):
    values = np.random.default_rng(0).random((1, 10, 10)).astype(np.float32)
    values[0, 0, :2] = np.inf, -np.inf
    image, valid = read_all(write_scene(values))
    assert (~valid).sum() == 2 and not valid[0, :2].any() and (image[0, :2] == 0).all()


@pytest.mark.filterwarnings('ignore:Dataset has no geotransform')  # of rasterio, when the test writes the raster
@pytest.mark.parametrize(
    'profile, words',
    [
        (dict(width=2**20 + 1, height=4), r'declares 1048577 x 4 pixels'),
        (dict(width=2**19, height=2**19), r'declares 524288 x 524288 pixels'),
        (dict(width=2**16, height=2**16, tiled=True, blockxsize=2**16, blockysize=2**16), r'blocks of 65536 x 65536'),
    ],
)
def test_rasters_of_absurd_sizes_are_refused_before_they_are_decoded(tmp_path, monkeypatch, profile, words):
    path = tmp_path / 'bomb.tif'
    with rasterio.open(
        path, 'w', driver='GTiff', count=1, dtype='uint8', sparse_ok=True, bigtiff='yes', compress='deflate', **profile
    ):
        pass
    monkeypatch.setattr(SceneReader, '_read_bands', lambda *_: pytest.fail('was decoded'))
    with pytest.raises(ValueError, match=words):
        SceneReader(path)
