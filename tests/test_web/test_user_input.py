# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest
from PIL import Image

from mmrrsis.web import MAX_SIDE, read_expression_lines, read_source


def test_a_photograph_is_read_as_it_is(photograph, pixels):
    source = read_source(photograph)
    np.testing.assert_array_equal(source.image, pixels)
    assert (source.height, source.width, source.crs, source.is_tiff) == (40, 60, None, False)
    assert source.valid.all()


def test_a_photograph_is_turned_as_its_camera_says(tmp_path):
    image = Image.fromarray(np.zeros((20, 30, 3), dtype=np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / 'a.jpg', exif=exif)
    source = read_source(tmp_path / 'a.jpg')
    assert (source.height, source.width) == source.image.shape[:2] == (30, 20)


def test_a_geotiff_is_known_by_its_content(write_tiff, tmp_path, pixels):
    source = read_source(write_tiff('scene.dat', nodata=51))
    assert source.crs == 'EPSG:32633' and source.is_tiff
    np.testing.assert_array_equal(source.image, pixels)
    np.testing.assert_array_equal(source.valid, (pixels != 51).any(2))
    assert read_source(write_tiff('plain.tif', crs=None)).crs is None


def test_large_images_are_reduced_for_the_model_and_huge_ones_refused(tmp_path, write_tiff):
    Image.fromarray(np.zeros((2, MAX_SIDE), dtype=np.uint8)).save(tmp_path / 'wide.png')
    source = read_source(tmp_path / 'wide.png')
    assert source.width == MAX_SIDE and source.image.shape == (1, 2048, 3) == (*source.valid.shape, 3)
    Image.fromarray(np.zeros((2, MAX_SIDE + 1), dtype=np.uint8)).save(tmp_path / 'huge.png')
    huge = write_tiff('huge.tif', np.zeros((1, MAX_SIDE + 1, 2), dtype=np.uint8))
    for path, size in ((tmp_path / 'huge.png', '4097 × 2'), (huge, '2 × 4097')):
        with pytest.raises(
            ValueError, match=f'has {size} pixels; the page takes at most 4096 per side.*mmrrsis segment'
        ):
            read_source(path)


def test_a_picture_bomb_is_refused(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((30, 30), dtype=np.uint8)).save(tmp_path / 'a.png')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    with pytest.raises(ValueError, match='a.png is far too large'):
        read_source(tmp_path / 'a.png')


def test_what_cannot_be_read_is_named(tmp_path, write_tiff):
    with pytest.raises(ValueError, match='There is no image. Upload one'):
        read_source(None)
    (tmp_path / 'notes.png').write_text('no image')
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / 'noise.png')
    intact = (tmp_path / 'noise.png').read_bytes()
    (tmp_path / 'cut.png').write_bytes(intact[:-400])
    flipped = bytearray(intact)
    flipped[len(intact) // 2] ^= 255
    (tmp_path / 'flipped.png').write_bytes(flipped)
    (tmp_path / 'chunk.png').write_bytes(b'\xd6DAT'.join(intact.rsplit(b'IDAT', 1)))
    for name in ('notes.png', 'cut.png', 'flipped.png', 'chunk.png'):
        with pytest.raises(ValueError, match=f'{name} cannot be read as an image'):
            read_source(tmp_path / name)
    (tmp_path / 'cut.tif').write_bytes(write_tiff().read_bytes()[:6])
    with pytest.raises(ValueError, match='cut.tif cannot be read as a TIFF'):
        read_source(tmp_path / 'cut.tif')


def test_a_file_that_names_other_files_is_not_followed(tmp_path, write_tiff):
    secret = write_tiff('secret.tif')
    band = f'<SourceFilename>{secret}</SourceFilename><SourceBand>1</SourceBand>'
    (tmp_path / 'upload.tif').write_text(
        '<VRTDataset rasterXSize="60" rasterYSize="40"><VRTRasterBand dataType="Byte" band="1">'
        f'<SimpleSource>{band}</SimpleSource></VRTRasterBand></VRTDataset>'
    )
    with pytest.raises(ValueError, match='upload.tif cannot be read as an image'):
        read_source(tmp_path / 'upload.tif')


def test_expressions_are_the_lines_that_say_something():
    assert read_expression_lines(' the ship \n\n the  dock\nthe ship\n') == ['the ship', 'the dock']
    for text in (None, '', ' \n '):
        with pytest.raises(ValueError, match='There is no expression'):
            read_expression_lines(text)
    assert len(read_expression_lines('\n'.join('abcdef'))) == 6
    with pytest.raises(ValueError, match='There are 7 expressions; the page takes at most 6'):
        read_expression_lines('\n'.join('abcdefg'))
    with pytest.raises(ValueError, match='Expression 2 has 301 characters'):
        read_expression_lines('a\n' + 'b' * 301)
