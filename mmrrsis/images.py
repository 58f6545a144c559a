# Copyright (c) mmrrsis contributors.
"""Pictures from any published format, as 8-bit RGB."""

from pathlib import Path

import cv2
import mmcv
import numpy as np
from PIL import Image

ImageInput = str | Path | np.ndarray | Image.Image
# Other modes of Pillow hold more than 8 bits a channel; its conversion to RGB would cut them off at 255.
_PIL_MODES = ('1', 'L', 'LA', 'P', 'PA', 'RGB', 'RGBA', 'RGBX', 'CMYK', 'YCbCr')
#: Files of a folder that count as images.
IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')


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


def as_rgb(image: ImageInput) -> tuple[np.ndarray, str]:
    """Bring an image to 8-bit RGB.

    Args:
        image: An image file, ``(H, W, 3)`` uint8 RGB, or a Pillow image with 8 bits a channel.

    Returns:
        ``(H, W, 3)`` uint8 RGB and the path of the file, an empty string if there is none.

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If it is none of the three.
        ValueError: If the file is unreadable, or the array or Pillow image not as described.
    """
    if isinstance(image, (str, Path)):
        return read_image(image), str(image)
    if isinstance(image, Image.Image):
        if image.mode not in _PIL_MODES:
            raise ValueError(
                f'Pillow images must have 8 bits a channel but this one has mode {image.mode!r}. Scale it to 8 bits, '
                'or segment the file with mmrrsis.geo, which stretches every data type.'
            )
        return np.array(image.convert('RGB')), ''
    if not isinstance(image, np.ndarray):
        raise TypeError(f'`image` must be a path, an array or a Pillow image but is {type(image).__name__}.')
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f'`image` must be (H, W, 3) uint8 RGB but is {image.shape} {image.dtype}.')
    return image, ''


def list_images(folder: str | Path) -> list[Path]:
    """Return the image files of a folder, sorted by name; subfolders are left out.

    Raises:
        ValueError: If there is none.
    """
    files = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise ValueError(f'The folder {folder} holds no image ({", ".join(IMAGE_SUFFIXES)}).')
    return files


def reduced_shape(shape: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return the height and width that bring ``shape`` to at most ``longest``; it is never enlarged."""
    factor = min(1.0, longest / max(shape))
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))
