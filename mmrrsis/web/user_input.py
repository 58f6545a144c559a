# Copyright (c) mmrrsis contributors.
"""Read what a person gives: an image and expressions."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
from PIL import Image, ImageOps
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from mmrrsis.geo import SceneReader
from mmrrsis.geo.strips import WHOLE_SIDE
from mmrrsis.images import as_rgb, reduced_shape

#: Longest side of an image that the page takes, in pixels.
MAX_SIDE = 4096
#: Most expressions at once; each gets a colour of its own.
MAX_EXPRESSIONS = 6
_MAX_CHARACTERS = 300
# What a TIFF begins with: byte order and 42, or 43 for BigTIFF.
_TIFF_STARTS = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')


@dataclass(frozen=True)
class Example:
    """An image to try the page with, and expressions that fit.

    Attributes:
        path: The image.
        expressions: The expressions.
        title: What it is.
    """

    path: Path
    expressions: tuple[str, ...]
    title: str


@dataclass(frozen=True, eq=False)
class PictureSource:
    """An image as the model sees it.

    Attributes:
        path: The file.
        height: Rows of the image.
        width: Columns of the image.
        image: ``(h, w, 3)`` uint8 RGB, the image reduced to at most ``WHOLE_SIDE`` (2048) pixels.
        valid: ``(h, w)`` bool, False where there is no data.
        is_tiff: Whether it is read with GDAL.
        crs: Name of the coordinate reference system, None for an image without one.
    """

    path: Path
    height: int
    width: int
    image: np.ndarray
    valid: np.ndarray
    is_tiff: bool
    crs: str | None = None


def read_source(path: str | Path | None) -> PictureSource:
    """Read an image or GeoTIFF.

    The kind of file is told by its content. GDAL gets TIFFs alone: some of its other formats name further files of
    this machine, which an uploaded file must not reach. Other images are turned as their camera says.

    Args:
        path: The file; None if none was chosen.

    Returns:
        The image.

    Raises:
        ValueError: If there is no file, it is unreadable, or a side is longer than ``MAX_SIDE`` pixels.
    """
    if not path:
        raise ValueError('There is no image. Upload one, or take one of the examples.')
    path = Path(path)
    with path.open('rb') as file:
        is_tiff = file.read(4) in _TIFF_STARTS
    return _read_tiff(path) if is_tiff else _read_photograph(path)


def _check_size(height: int, width: int) -> None:
    """Refuse an image that is too large, before its pixels are read."""
    if max(height, width) > MAX_SIDE:
        raise ValueError(
            f'The image has {width} × {height} pixels; the page takes at most {MAX_SIDE} per side. Use '
            '`mmrrsis segment` on the command line, which takes scenes of any size.'
        )


def _read_tiff(path: Path) -> PictureSource:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            with rasterio.open(path, driver='GTiff') as file:
                _check_size(file.height, file.width)
    except RasterioIOError as error:
        raise ValueError(f'{path.name} cannot be read as a TIFF: {error}') from error
    with SceneReader(path) as scene:
        image, valid = scene.read_reduced(WHOLE_SIDE)
        crs = None if scene.crs is None else _crs_name(scene.crs)
        return PictureSource(path, scene.height, scene.width, image, valid, is_tiff=True, crs=crs)


def _crs_name(crs: rasterio.crs.CRS) -> str:
    """Return the short name of a CRS, such as ``EPSG:32617``; of a local one, the name it gives itself."""
    authority = crs.to_authority()
    return ':'.join(authority) if authority else crs.to_wkt().split('"')[1]


def _read_photograph(path: Path) -> PictureSource:
    try:
        with Image.open(path) as file:
            _check_size(file.height, file.width)
            pixels, _ = as_rgb(ImageOps.exif_transpose(file))
    except Image.DecompressionBombError as error:
        raise ValueError(
            f'{path.name} is far too large; the page takes at most {MAX_SIDE} pixels per side. Use `mmrrsis segment` '
            'on the command line, which takes scenes of any size.'
        ) from error
    except (OSError, SyntaxError) as error:  # Pillow raises SyntaxError for damaged chunks of a PNG
        raise ValueError(
            f'{path.name} cannot be read as an image. PNG, JPEG, WebP, BMP, TIFF and GeoTIFF files are taken; is this '
            'one of them, and complete?'
        ) from error
    height, width = pixels.shape[:2]
    shape = reduced_shape((height, width), WHOLE_SIDE)
    image = pixels if shape == (height, width) else cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA)
    return PictureSource(path, height, width, image, np.ones(shape, dtype=bool), is_tiff=False)


def read_expression_lines(text: str | None) -> list[str]:
    """Read expressions.

    Args:
        text: One expression per line. Blank lines, spaces around an expression and repeated expressions are left out.

    Returns:
        One to ``MAX_EXPRESSIONS`` different expressions, in the order of the lines.

    Raises:
        ValueError: If there is none, there are too many, or one is too long.
    """
    lines = (' '.join(line.split()) for line in (text or '').splitlines())
    expressions = list(dict.fromkeys(line for line in lines if line))
    if not expressions:
        raise ValueError(
            'There is no expression. Describe one object or region in words, for example "the ship on the left".'
        )
    if len(expressions) > MAX_EXPRESSIONS:
        raise ValueError(
            f'There are {len(expressions)} expressions; the page takes at most {MAX_EXPRESSIONS} at once. Remove some '
            'lines, or use `mmrrsis segment`, which takes any number.'
        )
    for number, expression in enumerate(expressions, start=1):
        if len(expression) > _MAX_CHARACTERS:
            raise ValueError(
                f'Expression {number} has {len(expression)} characters; at most {_MAX_CHARACTERS} are taken. '
                'Describe one object or region in one sentence.'
            )
    return expressions
