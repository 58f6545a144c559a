# Copyright (c) mmrrsis contributors.
import cv2
import numpy as np
import pytest

from mmrrsis.images import read_image, reduced_shape


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


@pytest.mark.parametrize(
    ('shape', 'longest', 'expected'), [((10, 20), 20, (10, 20)), ((10, 20), 5, (2, 5)), ((3, 4000), 10, (1, 10))]
)
def test_shapes_are_reduced_and_never_enlarged(shape, longest, expected):
    assert reduced_shape(shape, longest) == expected
    assert reduced_shape(shape, 10**6) == shape
