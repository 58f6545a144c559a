# Copyright (c) mmrrsis contributors.
"""Read windows of a raster as 8-bit RGB."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.windows import Window

from mmrrsis.images import DEFAULT_PERCENTILES, MAX_PIXELS, Stretch, read_orientation, reduced_shape, turn

from .georeference import Georeference

#: Longer side of the reading that the stretch is estimated on, in pixels.
_SAMPLE_SIDE = 1024
_RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
# What a raster may declare: a strip of probabilities is as wide as the scene, and GDAL holds a whole block.
_MAX_SIDE, _MAX_SCENE_PIXELS, _MAX_BLOCK_BYTES = 1 << 20, 1 << 36, 1 << 30
# Drivers of files that cameras write.
_PHOTOGRAPH_DRIVERS = ('JPEG', 'PNG', 'GTiff', 'WEBP')


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


def _turn_file(file: DatasetReader, orientation: int) -> DatasetReader:
    """Return a raster in memory whose pixels are turned as an orientation tag says."""
    values = np.stack([turn(band, orientation) for band in file.read()])
    bits = file.tags(1, ns='IMAGE_STRUCTURE').get('NBITS')
    profile = dict(
        driver='GTiff', count=file.count, dtype=file.dtypes[0], height=values.shape[1], width=values.shape[2]
    )
    if bits is not None:
        profile['nbits'] = bits
    if ColorInterp.palette in file.colorinterp:
        profile['photometric'] = 'palette'
    memory = MemoryFile()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)  # only photographs are turned
        with memory.open(nodata=file.nodata, **profile) as turned:
            turned.write(values)
            turned.colorinterp = file.colorinterp
            if ColorInterp.palette in file.colorinterp:
                turned.write_colormap(1, file.colormap(1))
        return memory.open()


class SceneReader:
    """A georeferenced scene, read window by window.

    Bands: red, green and blue by their colour interpretation, else the first three, else the first as grey. A palette
    is looked up. Valid pixels: those that GDAL's masks (nodata, alpha, mask band) leave in at least one chosen band,
    that are finite there, and no transparent entry of a palette. Values of fewer than 8 bits fill the 8 bits. A
    photograph without georeference is turned as its camera says, see :mod:`mmrrsis.images`.

    Args:
        path: A raster that GDAL reads.
        bands: One band (grey) or three (red, green, blue), counted from 1. None chooses as above.
        stretch: ``auto``, ``none`` or two percentiles, see :func:`~mmrrsis.geo.scene_reader.parse_stretch`. Estimated
            once on a decimated reading, so that all windows look alike.
        crs: CRS of a scene that names none, such as ``EPSG:32633``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no raster or declares an absurd size, a band does not exist or is not real, ``stretch``
            is wrong, or ``crs`` is unknown or given for a scene that names its own.
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
            self._check_size()
            #: Where the pixels lie.
            self.georeference = Georeference.read(self._file, self.path, crs)
            self._turn_photograph()
            self.bands = self._choose_bands(bands)
            palette = self._read_palette()
            # Entries of a palette whose alpha is 0 are no data, also where their numbers are asked for.
            self._transparent = None if palette is None or palette[:, 3].all() else palette[:, 3] == 0
            self._palette = palette[:, :3] if palette is not None and bands is None else None
            dtype = np.result_type(*(self._file.dtypes[band - 1] for band in self.bands))
            if dtype.kind not in 'iufb':
                raise ValueError(f'The bands {self.bands} of {path} are {dtype}; only real numbers can be shown.')
            percentiles = None if self._palette is not None else parse_stretch(stretch, dtype)
            flags = [self._file.mask_flag_enums[band - 1] for band in self.bands]
            #: Whether pixels may be missing; if not, masks need not be read.
            self.may_lack_pixels = (
                dtype.kind == 'f'
                or self._transparent is not None
                or any(MaskFlags.all_valid not in flag for flag in flags)
            )
            self.stretch = self._fill_8_bits() if dtype == np.uint8 and self._palette is None else None
            if percentiles is not None:
                height, width = self._reduced_shape(_SAMPLE_SIDE)
                values, valid = self._read_bands(Window(0, 0, self.width, self.height), (height, width))
                self.stretch = Stretch.estimate(values, valid, percentiles)
        except BaseException:
            self._file.close()
            raise

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
        """Return colours and alpha ``(256, 4)`` of a palette, None if the band has none."""
        if len(self.bands) != 1 or self._file.colorinterp[self.bands[0] - 1] != ColorInterp.palette:
            return None
        if self._file.dtypes[self.bands[0] - 1] != 'uint8':
            raise ValueError(f'The palette of {self.path} has more than 256 colours. Write its colours as RGB bands.')
        palette = np.full((256, 4), (0, 0, 0, 255), dtype=np.uint8)
        for index, color in self._file.colormap(self.bands[0]).items():
            palette[index] = color
        return palette

    def _fill_8_bits(self) -> Stretch | None:
        """Return the map of values of fewer than 8 bits, such as 0 to 15, to 0..255; None if there is none to make."""
        bits = [int(self._file.tags(band, ns='IMAGE_STRUCTURE').get('NBITS', 8)) for band in self.bands]
        if min(bits) >= 8:
            return None
        return Stretch(np.zeros(len(bits)), np.array([2.0**count - 1 for count in bits]))

    def _check_size(self) -> None:
        """Refuse what no machine holds, before a pixel is decoded."""
        height, width = self._file.shape
        if max(height, width) > _MAX_SIDE or height * width > _MAX_SCENE_PIXELS:
            raise ValueError(
                f'{self.path} declares {width} x {height} pixels. At most {_MAX_SIDE} per side and '
                f'{_MAX_SCENE_PIXELS} in all are taken: cut it with `gdal_translate -srcwin` or `gdal_retile.py`.'
            )
        for (rows, columns), dtype in zip(self._file.block_shapes, self._file.dtypes, strict=True):
            # `complex_int16` is no data type of NumPy.
            itemsize = 4 if dtype == 'complex_int16' else np.dtype(dtype).itemsize
            if rows * columns * itemsize > _MAX_BLOCK_BYTES:
                raise ValueError(
                    f'{self.path} is stored in blocks of {columns} x {rows} pixels, each of which is decoded as a '
                    'whole. Write it in tiles: `gdal_translate -co TILED=YES`.'
                )

    def _turn_photograph(self) -> None:
        """Put a photograph upright whose camera says so; a raster with a place on the ground stays as it lies."""
        place = self.georeference
        if place.crs is not None or place.gcps or place.rpcs or not place.transform.is_identity:
            return
        if self._file.driver not in _PHOTOGRAPH_DRIVERS or not self.path.is_file():
            return
        orientation = read_orientation(self.path)
        if orientation == 1:
            return
        if self._file.height * self._file.width > MAX_PIXELS:
            raise ValueError(
                f'{self.path} is to be turned (orientation tag {orientation}) but too large for that. Turn it before, '
                'for example with `vips autorot`.'
            )
        turned = _turn_file(self._file, orientation)
        self._file.close()
        self._file = turned
        self.georeference = Georeference.read(turned, self.path, None)

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return self._file.height

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return self._file.width

    @property
    def crs(self) -> rasterio.crs.CRS | None:
        """Coordinate reference system, None if neither the file nor the caller names one."""
        return self.georeference.crs

    @property
    def transform(self) -> rasterio.Affine:
        """Map from (column, row) to coordinates; (0, 0) is the outer corner of the first pixel."""
        return self.georeference.transform

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
            if self._transparent is not None:
                good &= ~self._transparent[value]
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
