# Copyright (c) mmrrsis contributors.
"""Where the pixels of a raster lie, and whether polygons can be placed there."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
import rasterio
import shapely
from pyproj.exceptions import CRSError, ProjError
from rasterio.control import GroundControlPoint
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.rpc import RPC
from rasterio.transform import Affine, from_gcps

from .areas import polygon_areas

# Ground control points that an affine map misses by more are not placed with one; pixels.
_MAX_RESIDUAL = 0.5


def apply_affine(transform: Affine, points: np.ndarray) -> np.ndarray:
    """Apply an affine map to points ``(N, 2)``."""
    x, y = points.T
    return np.stack(
        [transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f], axis=1
    )


@dataclass(frozen=True, eq=False)
class Georeference:
    """The place of a raster.

    Attributes:
        path: The raster, for errors.
        height: Rows of pixels.
        width: Columns of pixels.
        crs: Coordinate reference system, None if neither the file nor the caller names one.
        transform: Map from (column, row) to coordinates; (0, 0) is the outer corner of the first pixel. Of a raster
            with ground control points alone the map that fits them; identity if there is none.
        gcps: Ground control points of a raster without a transform.
        residual: By how many pixels ``transform`` misses the farthest ground control point.
        rpcs: Rational polynomials of a raster without a transform.
    """

    path: Path
    height: int
    width: int
    crs: rasterio.crs.CRS | None
    transform: Affine
    gcps: tuple[GroundControlPoint, ...] = ()
    residual: float = 0.0
    rpcs: RPC | None = None

    @classmethod
    def read(cls, file: DatasetReader, path: Path, crs: str | None) -> 'Georeference':
        """Read from an open raster.

        Args:
            file: The raster.
            path: Its path.
            crs: CRS of a raster that names none, such as ``EPSG:32633``.

        Raises:
            ValueError: If ``crs`` is unknown, or given for a raster that names its own.
        """
        points, points_crs = file.gcps
        placed = not file.transform.is_identity
        own = file.crs or (None if placed else points_crs) or None
        chosen = own if crs is None else _parse_crs(crs, own, path)
        if placed:
            return cls(path, file.height, file.width, chosen, file.transform)
        if len(points) < 3:
            return cls(path, file.height, file.width, chosen, file.transform, tuple(points), rpcs=file.rpcs)
        transform = from_gcps(points)
        placed_at = apply_affine(~transform, np.array([(point.x, point.y) for point in points]))
        misses = np.hypot(*(placed_at - [(point.col, point.row) for point in points]).T)
        return cls(path, file.height, file.width, chosen, transform, tuple(points), float(misses.max()), file.rpcs)

    def copy_to(self, file: DatasetWriter) -> None:
        """Give another raster of the same size this place: control points and polynomials stay what they are."""
        if self.gcps:
            file.gcps = (list(self.gcps), self.crs)
        elif not self.transform.is_identity:
            file.transform = self.transform
        if self.crs is not None and not self.gcps:
            file.crs = self.crs
        if self.rpcs is not None:
            file.rpcs = self.rpcs

    def check_polygons(self, in_degrees: bool = False) -> pyproj.CRS:
        """Check that polygons can be placed and measured, before a model runs for them.

        Args:
            in_degrees: They are to be written in EPSG:4326, as GeoJSON is.

        Returns:
            The CRS.

        Raises:
            ValueError: If there is no CRS or no transform, control points do not fit an affine map, there are only
                rational polynomials, or the CRS has no areas or no way to EPSG:4326. Names the remedy.
        """
        if self.residual > _MAX_RESIDUAL:
            raise ValueError(
                f'{self.path} has {len(self.gcps)} ground control points and no transform, and an affine map misses '
                f'them by up to {self.residual:.1f} pixels. Rectify it before with `gdalwarp -tps {self.path} '
                'rectified.tif`, or ask for the mask alone, which keeps the points.'
            )
        if self.transform.is_identity and self.rpcs is not None:
            raise ValueError(
                f'{self.path} has rational polynomial coefficients (RPCs) and no transform: where its pixels lie '
                f'depends on the height of the ground. Rectify it before with `gdalwarp -rpc -to RPC_DEM=dem.tif '
                f'{self.path} rectified.tif`, or ask for the mask alone, which keeps the coefficients.'
            )
        if self.crs is None:
            raise ValueError(
                f'{self.path} names no coordinate reference system, so polygons would have neither place nor area. '
                'Give the CRS (`crs`, on the command line --crs EPSG:32633), or ask for the mask alone.'
            )
        if self.transform.is_identity:
            raise ValueError(
                f'{self.path} names a coordinate reference system but no transform, so that polygons would lie at '
                'pixel numbers. Give it its place with `gdal_edit.py -a_ullr LEFT TOP RIGHT BOTTOM` or a world file, '
                'or ask for the mask alone.'
            )
        return self._check_crs(in_degrees)

    def _check_crs(self, in_degrees: bool) -> pyproj.CRS:
        """Measure and transform the pixel in the middle."""
        remedy = (
            'Assign another CRS with `gdal_edit.py -a_srs`, transform the scene with `gdalwarp -t_srs`, or ask '
            'for the mask alone.'
        )
        try:
            crs = pyproj.CRS.from_user_input(self.crs)
            middle = np.array([self.width // 2, self.height // 2])
            corners = apply_affine(self.transform, middle + np.array([(0, 0), (1, 0), (1, 1), (0, 1)]))
            pixel = shapely.Polygon(corners)
            if crs.is_geographic and not -90.0001 <= pixel.centroid.y <= 90.0001:
                raise ValueError(f'{pixel.centroid.y:g} is no latitude; are the coordinates metres?')
            if not np.isfinite(polygon_areas(np.array([pixel]), crs)[0]):
                raise ValueError('the middle of the scene has no longitude and latitude')
            if not in_degrees and not crs.to_epsg():
                crs.to_wkt('WKT1_GDAL')  # what pyogrio writes into a GeoPackage
            if in_degrees:
                to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
                if not np.isfinite(to_degrees.transform(corners[0, 0], corners[0, 1], errcheck=True)).all():
                    raise ValueError('the middle of the scene has no longitude and latitude')
        except (ValueError, CRSError, ProjError) as error:
            goal = 'polygons in GeoJSON, whose coordinates are in EPSG:4326' if in_degrees else 'polygons with areas'
            raise ValueError(f'The CRS of {self.path} cannot be used for {goal}: {error}. {remedy}') from error
        return crs


def _parse_crs(crs: str, own: rasterio.crs.CRS | None, path: Path) -> rasterio.crs.CRS:
    if own is not None:
        raise ValueError(f'`crs` is for scenes that name none, but {path} has {own}. Leave `crs` out.')
    try:
        return rasterio.crs.CRS.from_wkt(pyproj.CRS.from_user_input(crs).to_wkt())
    except (CRSError, rasterio.errors.CRSError) as error:
        raise ValueError(f'`crs` must be a coordinate reference system such as EPSG:32633 but is {crs!r}.') from error
