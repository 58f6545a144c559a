# Copyright (c) mmrrsis contributors.
"""Pictures from any published format, as 8-bit RGB.

Three rules hold for every way in (path, Pillow image, page, scene): a photograph is turned as its camera's orientation
tag says; more than 8 bits a channel are stretched from their 2nd to their 98th percentile; a picture of more than
``MAX_PIXELS`` is refused before it is decoded. An array has no tag and is taken as it is.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

ImageInput = str | Path | np.ndarray | Image.Image
# Other modes of Pillow hold more than 8 bits a channel; its conversion to RGB would cut them off at 255.
_PIL_MODES = ('1', 'L', 'LA', 'P', 'PA', 'RGB', 'RGBA', 'RGBX', 'CMYK', 'YCbCr')
#: Files of a folder that count as images.
IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
#: Percentiles that become black and white, those that geographic information systems use by default.
DEFAULT_PERCENTILES = (2.0, 98.0)
#: Pixels of the largest picture that is decoded at once; Pillow draws its line there too.
MAX_PIXELS = 178_956_970
# Tags of EXIF and TIFF.
_WIDTH, _HEIGHT, _ORIENTATION = 256, 257, 274


@dataclass(frozen=True)
class Stretch:
    """A linear map of each band to 0..255.

    Attributes:
        low: ``(B,)`` float64, the values that become 0.
        high: ``(B,)`` float64, the values that become 255. A band with ``low == high`` has no contrast and is black.
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def estimate(cls, bands: np.ndarray, valid: np.ndarray, percentiles: tuple[float, float]) -> 'Stretch':
        """Estimate from a sample of the scene.

        Args:
            bands: ``(B, h, w)``, any real data type.
            valid: ``(B, h, w)`` bool; other values do not count. A band without any is black.
            percentiles: Two percentiles in [0, 100].

        Returns:
            The stretch.
        """
        limits = [
            np.percentile(band[mask].astype(np.float64), percentiles) if mask.any() else np.zeros(2)
            for band, mask in zip(bands, valid, strict=True)
        ]
        low, high = np.stack(limits, axis=1)
        return cls(low, high)

    def apply(self, bands: np.ndarray) -> np.ndarray:
        """Map ``(B, h, w)`` to uint8; values that are not finite become 0."""
        span = self.high - self.low
        # float32 is not enough for large integers, such as 32-bit radar counts; band by band keeps float64 small.
        out = np.zeros(bands.shape, dtype=np.uint8)
        for index, band in enumerate(bands):
            if span[index] > 0:
                scaled = (band.astype(np.float64) - self.low[index]) * (255 / span[index])
                out[index] = np.rint(np.nan_to_num(scaled, nan=0, posinf=0, neginf=0).clip(0, 255))
        return out


def turn(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an image ``(H, W, ...)`` as an orientation tag of EXIF, 1 to 8, says; 1 is upright."""
    if orientation in (5, 6, 7, 8):
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return image


@dataclass(frozen=True)
class _Header:
    """What a picture says of itself before it is decoded."""

    pixels: int
    orientation: int
    is_tiff: bool


def _read_header(path: str | Path) -> _Header:
    """Read size and orientation without decoding.

    Raises:
        ValueError: If neither Pillow nor, for a TIFF of any data type, its table of tags knows the file.
    """
    try:
        try:
            with Image.open(path) as file:
                return _Header(
                    file.width * file.height, int(file.getexif().get(_ORIENTATION, 1)), file.format == 'TIFF'
                )
        except UnidentifiedImageError:
            with open(path, 'rb') as stream:
                tags = TiffImagePlugin.ImageFileDirectory_v2(stream.read(8))
                stream.seek(tags.next)
                tags.load(stream)
            return _Header(int(tags[_WIDTH]) * int(tags[_HEIGHT]), int(tags.get(_ORIENTATION, 1)), True)
    except Image.DecompressionBombError as error:
        raise _too_large(path, str(error)) from error
    except Exception as error:  # whatever a damaged or foreign header provokes, from KeyError to struct.error
        raise ValueError(
            f'{path} cannot be read as an image ({error}). Is it complete, and a PNG, JPEG, WebP, BMP or TIFF file?'
        ) from error


def _too_large(path: str | Path, found: str) -> ValueError:
    return ValueError(
        f'{path} is too large to be decoded at once ({found}); the limit is {MAX_PIXELS} pixels. Segment it as a '
        'scene, tile by tile, with `mmrrsis segment`, or reduce it.'
    )


def check_picture_size(path: str | Path) -> None:
    """Refuse a picture that declares more than ``MAX_PIXELS``, before it is decoded.

    Raises:
        ValueError: If it does, or its header is unreadable.
    """
    pixels = _read_header(path).pixels
    if pixels > MAX_PIXELS:
        raise _too_large(path, f'it declares {pixels} pixels')


def read_orientation(path: str | Path) -> int:
    """Return the orientation tag of a picture, 1 (upright) if it has none.

    Raises:
        ValueError: If its header is unreadable.
    """
    orientation = _read_header(path).orientation
    return orientation if 1 <= orientation <= 8 else 1


def read_image(path: str | Path) -> np.ndarray:
    """Read an image as 8-bit RGB, upright.

    Args:
        path: An image file; of a GeoTIFF, the pixels. More than 8 bits a channel are stretched, see
            ``DEFAULT_PERCENTILES``.

    Returns:
        ``(H, W, 3)`` uint8, channels RGB.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no readable image, or declares more than ``MAX_PIXELS``.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'There is no image {path}.')
    check_picture_size(path)
    header = _read_header(path)
    if header.is_tiff and header.orientation != 1:  # OpenCV turns some of them and fails at others
        return _read_with_pillow(path)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imread(str(path), flags)
    except cv2.error as error:
        raise ValueError(f'{path} cannot be read as an image: {error}') from error
    if image is None:  # such as TIFFs of less than 8 bits, which Pillow reads
        return _read_with_pillow(path)
    image = turn(image[..., ::-1], read_orientation(path))
    if image.dtype != np.uint8:
        bands = image.transpose(2, 0, 1)
        image = Stretch.estimate(bands, np.isfinite(bands), DEFAULT_PERCENTILES).apply(bands).transpose(1, 2, 0)
    return np.ascontiguousarray(image)


def _read_with_pillow(path: str | Path) -> np.ndarray:
    try:
        with Image.open(path) as file:
            file.load()
            return as_rgb(file)[0]
    except (OSError, SyntaxError) as error:  # Pillow raises SyntaxError for damaged chunks
        raise ValueError(
            f'{path} cannot be read as an image. Is it complete, and in a format OpenCV or Pillow knows?'
        ) from error


def as_rgb(image: ImageInput) -> tuple[np.ndarray, str]:
    """Bring an image to 8-bit RGB.

    Args:
        image: An image file, ``(H, W, 3)`` uint8 RGB, or a Pillow image with 8 bits a channel. Files and Pillow images
            are turned as their orientation tag says.

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
        # Pillow opens a PNG of three channels with 16 bits as 8-bit RGB and drops the lower half.
        if image.mode not in _PIL_MODES or any(';16' in str(tile[3]) for tile in getattr(image, 'tile', ())):
            raise ValueError(
                f'Pillow images must have 8 bits a channel but this one has mode {image.mode!r} from a file of more. '
                'Give the path of the file, or segment it with mmrrsis.geo; both stretch every data type.'
            )
        return np.array(ImageOps.exif_transpose(image).convert('RGB')), ''
    if not isinstance(image, np.ndarray):
        raise TypeError(f'`image` must be a path, an array or a Pillow image but is {type(image).__name__}.')
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f'`image` must be (H, W, 3) uint8 RGB but is {image.shape} {image.dtype}.')
    return image, ''


def list_images(folder: str | Path) -> list[Path]:
    """Return the image files of a folder, sorted by name.

    Subfolders and hidden files are left out; among the latter are the ``._NAME`` that macOS leaves on other disks.

    Raises:
        ValueError: If there is none.
    """
    files = sorted(
        path
        for path in Path(folder).iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith('.') and path.is_file()
    )
    if not files:
        raise ValueError(f'The folder {folder} holds no image ({", ".join(IMAGE_SUFFIXES)}).')
    return files


def reduced_shape(shape: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return the height and width that bring ``shape`` to at most ``longest``; it is never enlarged."""
    factor = min(1.0, longest / max(shape))
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))
