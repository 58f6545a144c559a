# Copyright (c) mmrrsis contributors.
"""Write the masks of a scene: as GeoTIFF, strip by strip, and as a picture over a reduced view."""

import math
import warnings
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

from mmrrsis.visualization import draw_prediction

from .component_table import ComponentTable
from .scene_reader import SceneReader

RASTER_EXTENSIONS = ('.tif', '.tiff')
PICTURE_EXTENSIONS = ('.png', '.jpg', '.jpeg')
#: Longer side of a view in pixels.
PICTURE_SIDE = 1024
#: Value of the pixels of a mask.
FOREGROUND = 1
_MASK_NODATA = 255
_BLOCK = 512


def mask_nodata(scene: SceneReader) -> int | None:
    """Return the nodata value of masks: the scene's where 8 bits hold it and it does not mean foreground, else 255.

    None for a scene that lacks no pixels.
    """
    value = scene.nodata
    if value is not None and not math.isnan(value) and 0 <= value <= 255 and value == int(value):
        return _MASK_NODATA if value == FOREGROUND else int(value)
    return _MASK_NODATA if scene.may_lack_pixels else None


def probability_nodata(scene: SceneReader) -> float | None:
    """Return the nodata value of probabilities: the scene's if it is no probability, else NaN.

    None for a scene that lacks no pixels.
    """
    value = scene.nodata
    if (
        value is not None
        and not 0 <= value <= 1
        and (math.isnan(value) or abs(value) <= float(np.finfo(np.float32).max))
    ):
        return float(value)
    return math.nan if value is not None or scene.may_lack_pixels else None


class RasterWriter:
    """A tiled, compressed GeoTIFF in the place of a scene, one band per expression.

    Args:
        path: The file to write.
        scene: The scene, for its size and place.
        expressions: K expressions, the descriptions of the bands.
        dtype: ``uint8`` or ``float32``.
        nodata: Value of pixels without data, None if the scene lacks no pixels.
    """

    def __init__(
        self, path: Path, scene: SceneReader, expressions: Sequence[str], dtype: str, nodata: float | None
    ) -> None:
        self.nodata = nodata
        profile = dict(
            driver='GTiff',
            width=scene.width,
            height=scene.height,
            count=len(expressions),
            dtype=dtype,
            nodata=nodata,
            tiled=True,
            blockxsize=_BLOCK,
            blockysize=_BLOCK,
            # Bands apart, so that one mask is read without the others.
            interleave='band',
            compress='deflate',
            BIGTIFF='IF_SAFER',
        )
        if dtype == 'float32':
            profile['predictor'] = 3
        with warnings.catch_warnings():
            # A scene without georeference gives a mask without one.
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            self._file = rasterio.open(path, 'w', **profile)
            scene.georeference.copy_to(self._file)
        for band, expression in enumerate(expressions, start=1):
            self._file.set_band_description(band, expression)

    def write(self, top: int, values: np.ndarray, valid: np.ndarray) -> None:
        """Write rows of pixels.

        Args:
            top: First row.
            values: ``(K, h, W)``.
            valid: ``(h, W)`` bool; the other pixels become nodata.
        """
        values = values.astype(self._file.dtypes[0], copy=False)
        if self.nodata is not None:
            values = np.where(valid, values, np.array(self.nodata, dtype=values.dtype))
        self._file.write(values, window=Window(0, top, values.shape[2], values.shape[1]))

    def set_scores(self, scores: Sequence[float], threshold: float) -> None:
        """Note score and threshold of each band as tags."""
        for band, score in enumerate(scores, start=1):
            self._file.update_tags(band, score=f'{score:.6f}', threshold=f'{threshold:g}')

    def __enter__(self) -> 'RasterWriter':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def write_masks(
    scene: SceneReader,
    strips: Iterable[tuple[int, np.ndarray]],
    expressions: Sequence[str],
    threshold: float,
    mask_file: Path,
    probability_file: Path | None,
) -> list[ComponentTable]:
    """Write masks, and probabilities if they are wanted, strip by strip.

    Args:
        scene: The scene.
        strips: First row and ``(K, h, W)`` probabilities of strips that follow each other.
        expressions: K expressions.
        threshold: A pixel with data belongs to a mask when its probability is above this.
        mask_file: GeoTIFF to write: uint8, 1 inside and 0 outside, nodata as of :func:`mask_nodata`.
        probability_file: GeoTIFF to write: float32, nodata as of :func:`probability_nodata`.

    Returns:
        K tables of the parts of the masks.
    """
    components = [ComponentTable() for _ in expressions]
    with ExitStack() as stack:
        mask_writer = stack.enter_context(RasterWriter(mask_file, scene, expressions, 'uint8', mask_nodata(scene)))
        probability_writer = None
        if probability_file is not None:
            probability_writer = stack.enter_context(
                RasterWriter(probability_file, scene, expressions, 'float32', probability_nodata(scene))
            )
        for top, strip in strips:
            valid = scene.read_valid(Window(0, top, scene.width, strip.shape[1]))
            masks = (strip > threshold) & valid
            for table, mask, probability in zip(components, masks, strip, strict=True):
                table.add(top, mask, probability)
            mask_writer.write(top, masks.astype(np.uint8) * FOREGROUND, valid)
            if probability_writer is not None:
                probability_writer.write(top, strip, valid)
        mask_writer.set_scores([table.total()[1] for table in components], threshold)
    return components


def draw_scene(scene: SceneReader, mask_path: Path, expressions: Sequence[str]) -> np.ndarray:
    """Draw masks over a reduced view of their scene, one view per expression, side by side.

    Args:
        scene: The scene.
        mask_path: Its masks, one band per expression.
        expressions: K expressions.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    image, _ = scene.read_reduced(PICTURE_SIDE)
    views = []
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)  # as the mask of such a scene is
        file = rasterio.open(mask_path)
    with file:
        for band, expression in enumerate(expressions, start=1):
            # The mean of zeros and ones, rounded: a pixel of the view shows what most of its pixels are.
            mask = file.read(band, out_shape=image.shape[:2], resampling=Resampling.average) == FOREGROUND
            views.append(draw_prediction(image, mask, expression))
    height = max(view.shape[0] for view in views)
    # Longer expressions take more lines of text.
    filled = [
        cv2.copyMakeBorder(view, 0, height - view.shape[0], 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
        for view in views
    ]
    return np.concatenate(filled, axis=1)
