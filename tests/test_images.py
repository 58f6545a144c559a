# Copyright (c) mmrrsis contributors.
import cv2
import numpy as np
import pytest

from mmrrsis.images import read_image


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
