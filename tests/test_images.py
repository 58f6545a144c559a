# Copyright (c) mmrrsis contributors.
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from mmrrsis.images import as_rgb, list_images, read_image, reduced_shape


def test_reads_rgb(tmp_path):
    rgb = np.zeros((4, 5, 3), dtype=np.uint8)
    rgb[..., 0] = 200
    cv2.imwrite(str(tmp_path / 'a.png'), rgb[..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / 'a.png'), rgb)


def test_gray_images_become_rgb(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((4, 5), 7, dtype=np.uint8))
    assert read_image(tmp_path / 'a.png').shape == (4, 5, 3)


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'There is no image .*a.png'):
        read_image(tmp_path / 'a.png')
    (tmp_path / 'b.png').write_bytes(b'no picture')
    with pytest.raises(ValueError, match=r'b.png cannot be read as an image'):
        read_image(tmp_path / 'b.png')
    (tmp_path / 'c.png').write_bytes(b'')
    with pytest.raises(ValueError, match=r'c.png cannot be read as an image'):
        read_image(tmp_path / 'c.png')


def sky_and_ground(height=200, width=300):
    """Brightness that says where a pixel was: rows and columns increase."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns // 2, np.full_like(rows, 40)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientation_is_one_rule_for_paths_and_pillow_images(tmp_path, orientation):
    stored = sky_and_ground(20, 30)
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(stored).save(tmp_path / 'a.png', exif=exif)
    Image.fromarray(stored).save(tmp_path / 'a.tif', exif=exif)
    Image.fromarray(stored).save(tmp_path / 'a.webp', exif=exif, lossless=True)
    # From the definition: where the first stored row and column are seen.
    upright = {
        1: stored,
        2: np.fliplr(stored),
        3: np.rot90(stored, 2),
        4: np.flipud(stored),
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: np.rot90(stored, 2).transpose(1, 0, 2),
        8: np.rot90(stored),
    }[orientation]
    for name in ('a.png', 'a.tif', 'a.webp'):
        np.testing.assert_array_equal(as_rgb(tmp_path / name)[0], upright)
        with Image.open(tmp_path / name) as image:
            np.testing.assert_array_equal(as_rgb(image)[0], upright)
    np.testing.assert_array_equal(as_rgb(stored)[0], stored)


@pytest.mark.parametrize('name, dtype', [('a.png', np.uint16), ('a.tif', np.uint16), ('a.tif', np.int16)])
def test_more_than_8_bits_are_stretched_not_cut_off(tmp_path, name, dtype):
    values = np.random.default_rng(0).integers(480, 4000, (40, 30, 3)).astype(dtype)
    if dtype == np.int16:
        values -= 2000
    cv2.imwrite(str(tmp_path / name), values[..., ::-1])
    image = read_image(tmp_path / name)
    for band in range(3):
        low, high = np.percentile(values[..., band], (2, 98))
        expected = np.clip((values[..., band] - low) / (high - low), 0, 1) * 255
        np.testing.assert_allclose(image[..., band], expected, atol=0.51)


def test_float_values_that_are_not_finite_are_black_and_do_not_count(tmp_path):
    values = np.random.default_rng(0).random((20, 20, 3)).astype(np.float32)
    values[0, :4] = [[np.nan], [np.inf], [-np.inf], [np.inf]]
    cv2.imwrite(str(tmp_path / 'a.tif'), values, [cv2.IMWRITE_TIFF_COMPRESSION, 1])  # some versions' default is lossy
    image = read_image(tmp_path / 'a.tif')
    assert (image[0, :4] == 0).all() and image[1:].max() == 255 and 100 < image[1:].mean() < 155


def test_pillow_images_of_16_bits_are_refused_rather_than_darkened(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((4, 5, 3), 4000, dtype=np.uint16))
    with Image.open(tmp_path / 'a.png') as image, pytest.raises(ValueError, match=r'Give the path of the file'):
        as_rgb(image)


def test_bilevel_pictures_are_black_and_white(tmp_path):
    bits = np.arange(200).reshape(10, 20) % 3 == 0
    Image.fromarray(bits).save(tmp_path / 'a.png')
    np.testing.assert_array_equal(read_image(tmp_path / 'a.png')[..., 0], bits * 255)


def declare_size(path, width, height):
    """Write a PNG that declares a size and holds nothing of it."""

    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(bytes(9))) + chunk(b'IEND', b'')
    )


@pytest.mark.parametrize('size', [(12_000, 15_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_absurd_sizes_are_refused_before_they_are_decoded(tmp_path, monkeypatch, size):
    declare_size(tmp_path / 'bomb.png', *size)
    monkeypatch.setattr(cv2, 'imread', lambda *_: pytest.fail('was decoded'))
    with pytest.raises(ValueError, match=r'bomb.png is too large to be decoded.*mmrrsis segment'):
        read_image(tmp_path / 'bomb.png')


def test_folders_may_hold_what_is_no_image(tmp_path):
    for name in ('b.png', 'a.JPG', '._a.png', '.hidden.tif', 'notes.txt'):
        (tmp_path / name).write_bytes(b'')
    (tmp_path / 'x.png').mkdir()
    assert [path.name for path in list_images(tmp_path)] == ['a.JPG', 'b.png']
    with pytest.raises(ValueError, match=r'holds no image'):
        list_images(tmp_path / 'x.png')


@pytest.mark.parametrize(
    ('shape', 'longest', 'expected'), [((10, 20), 20, (10, 20)), ((10, 20), 5, (2, 5)), ((3, 4000), 10, (1, 10))]
)
def test_shapes_are_reduced_and_never_enlarged(shape, longest, expected):
    assert reduced_shape(shape, longest) == expected
    assert reduced_shape(shape, 10**6) == shape
