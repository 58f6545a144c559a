# Copyright (c) mmrrsis contributors.
"""Write masks and probabilities as GeoTIFF, strip by strip."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

from .scene_reader import SceneReader

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
    if value is not None and not 0 <= value <= 1 and (math.isnan(value) or abs(value) <= np.finfo(np.float32).max):
        return float(value)
    return math.nan if value is not None or scene.may_lack_pixels else None


class RasterWriter:
    """A tiled, compressed GeoTIFF in the place of a scene, one band an expression.

    Args:
        path: The file to write.
        scene: The scene, for size, transform and CRS.
        expressions: K expressions, the descriptions of the bands.
        dtype: ``uint8`` or ``float32``.
        nodata: Value of pixels without data, None if there are none.
        crs: CRS of the file; None leaves it out.
    """

    def __init__(
        self,
        path: Path,
        scene: SceneReader,
        expressions: Sequence[str],
        dtype: str,
        nodata: float | None,
        crs: CRS | None,
    ) -> None:
        self.nodata = nodata
        profile = dict(
            driver='GTiff',
            width=scene.width,
            height=scene.height,
            count=len(expressions),
            dtype=dtype,
            nodata=nodata,
            crs=crs,
            transform=scene.transform,
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
        for band, expression in enumerate(expressions, start=1):
            self._file.set_band_description(band, expression)

    def write(self, top: int, values: np.ndarray, valid: np.ndarray) -> None:
        """Write lines.

        Args:
            top: First line.
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
