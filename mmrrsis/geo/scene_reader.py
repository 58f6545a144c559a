# Copyright (c) mmrrsis contributors.
"""Read windows of a raster as 8-bit RGB."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pyproj
import rasterio
import rasterio.crs
from pyproj.exceptions import CRSError
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.windows import Window

from mmrrsis.images import reduced_shape

#: Percentiles that become black and white, those that geographic information systems use by default.
DEFAULT_PERCENTILES = (2.0, 98.0)
#: Longer side of the reading that the stretch is estimated on, in pixels.
_SAMPLE_SIDE = 1024
_RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


def parse_stretch(stretch: str | tuple[float, float], dtype: np.dtype) -> tuple[float, float] | None:
    """Read how to stretch a scene.

    Args:
        stretch: ``auto`` (8-bit scenes as they are, others 2 to 98), ``none``, or two percentiles as a tuple or as
            text such as ``0.5,99.5``.
        dtype: Data type of the scene.

    Returns:
        Two percentiles in [0, 100], or None to take the values as they are.

    Raises:
        ValueError: If it is none of these, or ``none`` for a scene that is not 8-bit.
    """
    if stretch == 'auto':
        return None if dtype == np.uint8 else DEFAULT_PERCENTILES
    if stretch == 'none':
        if dtype != np.uint8:
            raise ValueError(f'`stretch` is `none` but the scene is {dtype}: only 8-bit values are used as they are.')
        return None
    try:
        low, high = (float(part) for part in (stretch.split(',') if isinstance(stretch, str) else stretch))
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f'`stretch` must be auto, none or two percentiles such as 2,98 but is {stretch!r}.'
        ) from error
    if not 0 <= low < high <= 100:
        raise ValueError(f'`stretch` must be two increasing percentiles in [0, 100] but is {low:g},{high:g}.')
    return low, high


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
                out[index] = np.rint(np.nan_to_num(scaled, nan=0).clip(0, 255))
        return out


class SceneReader:
    """A georeferenced scene, read window by window.

    Bands: red, green and blue by their colour interpretation, else the first three, else the first as grey. A palette
    is looked up. Valid pixels: those that GDAL's masks (nodata, alpha, mask band) leave in at least one chosen band,
    and that are finite there.

    Args:
        path: A raster that GDAL reads.
        bands: One band (grey) or three (red, green, blue), counted from 1. None chooses as above.
        stretch: ``auto``, ``none`` or two percentiles, see :func:`~mmrrsis.geo.scene_reader.parse_stretch`. Estimated
            once on a decimated reading, so that all windows look alike.
        crs: CRS of a scene that names none, such as ``EPSG:32633``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no raster, a band does not exist or is not real, ``stretch`` is wrong, or ``crs`` is
            unknown or given for a scene that names its own.
    """

    def __init__(
        self,
        path: str | Path,
        bands: Sequence[int] | None = None,
        stretch: str | tuple[float, float] = 'auto',
        crs: str | None = None,
    ) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise FileNotFoundError(f'There is no scene {path}.')
        try:
            with warnings.catch_warnings():
                # A scene without a CRS is no fault here; what cannot be done with it says so itself.
                warnings.simplefilter('ignore', NotGeoreferencedWarning)
                self._file = rasterio.open(self.path)
        except RasterioIOError as error:
            raise ValueError(f'{path} cannot be read as a raster: {error}') from error
        try:
            #: Coordinate reference system, None if neither the file nor the caller names one.
            self.crs = self._choose_crs(crs)
            self.bands = self._choose_bands(bands)
            self._palette = self._read_palette() if bands is None else None
            dtype = np.result_type(*(self._file.dtypes[band - 1] for band in self.bands))
            if dtype.kind not in 'iufb':
                raise ValueError(f'The bands {self.bands} of {path} are {dtype}; only real numbers can be shown.')
            percentiles = None if self._palette is not None else parse_stretch(stretch, dtype)
            flags = [self._file.mask_flag_enums[band - 1] for band in self.bands]
            #: Whether pixels may be missing; if not, masks need not be read.
            self.may_lack_pixels = dtype.kind == 'f' or any(MaskFlags.all_valid not in flag for flag in flags)
            self.stretch = None
            if percentiles is not None:
                height, width = self._reduced_shape(_SAMPLE_SIDE)
                values, valid = self._read_bands(Window(0, 0, self.width, self.height), (height, width))
                self.stretch = Stretch.estimate(values, valid, percentiles)
        except BaseException:
            self._file.close()
            raise

    def _choose_crs(self, crs: str | None) -> rasterio.crs.CRS | None:
        own = self._file.crs or None
        if crs is None:
            return own
        if own is not None:
            raise ValueError(f'`crs` is for scenes that name none, but {self.path} has {own}. Leave `crs` out.')
        try:
            return rasterio.crs.CRS.from_user_input(pyproj.CRS.from_user_input(crs))
        except CRSError as error:
            raise ValueError(
                f'`crs` must be a coordinate reference system such as EPSG:32633 but is {crs!r}.'
            ) from error

    def _choose_bands(self, bands: Sequence[int] | None) -> tuple[int, ...]:
        count = self._file.count
        if bands is not None:
            if len(bands) not in (1, 3):
                raise ValueError(f'`bands` must be one band or three (red, green, blue) but is {tuple(bands)}.')
            for band in bands:
                if not 1 <= band <= count:
                    raise ValueError(f'There is no band {band}: {self.path} has {count}, counted from 1.')
            return tuple(bands)
        colors = self._file.colorinterp
        if all(color in colors for color in _RGB):
            return tuple(colors.index(color) + 1 for color in _RGB)
        usable = [index + 1 for index, color in enumerate(colors) if color != ColorInterp.alpha]
        if not usable:
            raise ValueError(f'{self.path} has an alpha band alone.')
        return tuple(usable[:3]) if len(usable) >= 3 else (usable[0],)

    def _read_palette(self) -> np.ndarray | None:
        """Return the colours ``(256, 3)`` of a palette, None if the band has none."""
        if len(self.bands) != 1 or self._file.colorinterp[self.bands[0] - 1] != ColorInterp.palette:
            return None
        if self._file.dtypes[self.bands[0] - 1] != 'uint8':
            raise ValueError(f'The palette of {self.path} has more than 256 colours. Write its colours as RGB bands.')
        palette = np.zeros((256, 3), dtype=np.uint8)
        for index, color in self._file.colormap(self.bands[0]).items():
            palette[index] = color[:3]
        return palette

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return self._file.height

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return self._file.width

    @property
    def transform(self) -> rasterio.Affine:
        """Map from (column, row) to coordinates; (0, 0) is the outer corner of the first pixel."""
        return self._file.transform

    @property
    def nodata(self) -> float | None:
        """Value of pixels without data in the first chosen band."""
        return self._file.nodatavals[self.bands[0] - 1]

    def _reduced_shape(self, longest: int) -> tuple[int, int]:
        return reduced_shape((self.height, self.width), longest)

    def _read_bands(
        self, window: Window, shape: tuple[int, int], resampling: Resampling = Resampling.nearest
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return values ``(B, h, w)`` and where they are valid, ``(B, h, w)`` bool."""
        values, valid = [], []
        for band in self.bands:
            try:
                value = self._file.read(band, window=window, out_shape=shape, resampling=resampling)
                mask = self._file.read_masks(band, window=window, out_shape=shape) if self.may_lack(band) else None
            except RasterioIOError as error:
                rows = f'{window.row_off} to {window.row_off + window.height}'
                columns = f'{window.col_off} to {window.col_off + window.width}'
                raise ValueError(
                    f'Band {band} of {self.path} cannot be read at rows {rows}, columns {columns}: '
                    f'{error.__cause__ or error}. Is the file complete?'
                ) from error
            good = np.ones(shape, dtype=bool) if mask is None else mask > 0
            if value.dtype.kind == 'f':
                good &= np.isfinite(value)
            values.append(value)
            valid.append(good)
        return np.stack(values), np.stack(valid)

    def may_lack(self, band: int) -> bool:
        """Tell whether GDAL knows a mask for a band."""
        return MaskFlags.all_valid not in self._file.mask_flag_enums[band - 1]

    def _as_rgb(self, values: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._palette is not None:
            values = self._palette[values[0]].transpose(2, 0, 1)
        elif self.stretch is not None:
            values = self.stretch.apply(values)
        # Values that mean nodata are shown all the same: in 8-bit photographs they are often a colour (such as white)
        # that single bands or pixels take by chance, and black specks would be worse.
        image = np.ascontiguousarray(np.broadcast_to(values.transpose(1, 2, 0), (*values.shape[1:], 3)))
        return image, np.asarray(valid.any(axis=0))

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Read a window.

        Args:
            window: Columns and rows inside the scene.

        Returns:
            ``(h, w, 3)`` uint8 RGB and ``(h, w)`` bool, False where there is no data.

        Raises:
            ValueError: If a band cannot be read there.
        """
        return self._as_rgb(*self._read_bands(window, (int(window.height), int(window.width))))

    def read_valid(self, window: Window) -> np.ndarray:
        """Return where a window has data, ``(h, w)`` bool."""
        if not self.may_lack_pixels:
            return np.ones((int(window.height), int(window.width)), dtype=bool)
        _, valid = self._read_bands(window, (int(window.height), int(window.width)))
        return np.asarray(valid.any(axis=0))

    def read_reduced(self, longest: int) -> tuple[np.ndarray, np.ndarray]:
        """Read the whole scene reduced; it is never enlarged.

        Args:
            longest: Longer side wanted, in pixels.

        Returns:
            ``(h, w, 3)`` uint8 RGB and ``(h, w)`` bool, False where there is no data.
        """
        # Averages of palette indices mean nothing.
        resampling = Resampling.nearest if self._palette is not None else Resampling.average
        window = Window(0, 0, self.width, self.height)
        return self._as_rgb(*self._read_bands(window, self._reduced_shape(longest), resampling))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> 'SceneReader':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
