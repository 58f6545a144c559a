# Copyright (c) mmrrsis contributors.
"""Read a picture from disk."""

from pathlib import Path

import cv2
import mmcv
import numpy as np


def read_image(path: str | Path) -> np.ndarray:
    """Read an image as 8-bit RGB.

    Args:
        path: An image file that OpenCV reads; of a GeoTIFF, the pixels.

    Returns:
        ``(H, W, 3)`` uint8, channels RGB.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no readable image.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'There is no image {path}.')
    try:
        image = mmcv.imread(str(path), flag='color', channel_order='bgr', backend='cv2')
    except cv2.error as error:
        raise ValueError(f'{path} cannot be read as an image: {error}') from error
    if image is None:
        raise ValueError(f'{path} cannot be read as an image. Is it complete, and in a format OpenCV knows?')
    return np.ascontiguousarray(image[..., ::-1])
