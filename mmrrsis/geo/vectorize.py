# Copyright (c) mmrrsis contributors.
"""Turn masks into polygons with their expression, score and area in square metres."""

import re
from collections.abc import Sequence
from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely
from pyproj import CRS, Geod, Transformer
from rasterio.features import shapes
from shapely.geometry.polygon import orient

from .component_table import ComponentTable
from .mask_writer import FOREGROUND

#: Extension of a file of polygons and its driver.
VECTOR_DRIVERS = {'.gpkg': 'GPKG', '.geojson': 'GeoJSON', '.json': 'GeoJSON'}
# A projection whose areas are wrong by more than this, such as web maps far from the equator, does not measure.
_MAX_DISTORTION = 0.01


def _outline_pixel(polygon: shapely.Polygon) -> tuple[int, int]:
    """Return (row, column) of the leftmost pixel in the topmost row of a polygon in pixel coordinates."""
    ring = shapely.get_coordinates(polygon.exterior)
    row = ring[:, 1].min()
    return int(row), int(ring[ring[:, 1] == row, 0].min())


def _apply(transform: rasterio.Affine, points: np.ndarray) -> np.ndarray:
    """Apply an affine map to points ``(N, 2)``."""
    x, y = points.T
    return np.stack(
        [transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f], axis=1
    )


def vectorize_mask(
    mask_path: Path,
    expressions: Sequence[str],
    components: Sequence[ComponentTable],
    crs: CRS,
    simplify: float = 0.0,
) -> geopandas.GeoDataFrame:
    """Make one polygon of each 4-connected part of each mask.

    GDAL reads the mask file row by row; in memory are the outlines.

    Args:
        mask_path: A mask with one band per expression.
        expressions: K expressions.
        components: K tables of the parts of the masks.
        crs: CRS of the polygons.
        simplify: Outlines may move by this many pixels; 0 keeps every corner of the pixels.

    Returns:
        Polygons in the CRS with the columns ``expression``, ``score`` (mean probability inside), ``area_m2`` and
        ``pixels``. Area and outline are those of the simplified polygon, score and pixels those of the mask. An empty
        mask gives no row.
    """
    polygons, rows = [], []
    with rasterio.open(mask_path) as file:
        transform = file.transform

        def to_pixels(corners: np.ndarray) -> np.ndarray:
            return np.rint(_apply(~transform, corners))

        for index, (expression, table) in enumerate(zip(expressions, components, strict=True), start=1):
            parts = table.parts()
            band = rasterio.band(file, index)
            for shape, value in shapes(band, mask=band, connectivity=4):
                if value != FOREGROUND:
                    continue
                # GDAL has applied the transform already; corners of pixels are whole numbers again.
                polygon = shapely.transform(shapely.geometry.shape(shape), to_pixels)
                pixels, score = parts[_outline_pixel(polygon)]
                polygons.append(polygon)
                rows.append((expression, score, pixels))
    outlines = np.array(polygons, dtype=object)
    if simplify > 0 and len(outlines):
        outlines = shapely.simplify(outlines, simplify, preserve_topology=True)

    if len(outlines):
        outlines = shapely.transform(outlines, lambda corners: _apply(transform, corners))
    areas = polygon_areas(outlines, crs)
    data = dict(
        expression=np.array([row[0] for row in rows], dtype=object),
        score=np.array([row[1] for row in rows], dtype=np.float64),
        area_m2=areas,
        pixels=np.array([row[2] for row in rows], dtype=np.int64),
    )
    return geopandas.GeoDataFrame(data, geometry=list(outlines), crs=crs)


def write_polygons(polygons: geopandas.GeoDataFrame, path: Path, name: str) -> None:
    """Write polygons as GeoPackage or GeoJSON, by the extension.

    GeoJSON is written in EPSG:4326, as its standard (RFC 7946) demands.

    Args:
        polygons: Polygons of :func:`vectorize_mask`; none gives a valid empty layer.
        path: The file; it must not exist.
        name: Name of the layer; GeoPackage allows no punctuation or space at its beginning, so these are left out.
    """
    driver = VECTOR_DRIVERS[path.suffix.lower()]
    layer = re.sub(r'^\W+', '', name) or 'mask'
    options = {}
    if driver == 'GeoJSON':
        polygons = polygons.to_crs(4326)
        # Nine decimals of a degree are a tenth of a millimetre; the seven that are usual would be a centimetre.
        options = dict(RFC7946='YES', COORDINATE_PRECISION=9)
    polygons.to_file(path, driver=driver, layer=layer, engine='pyogrio', geometry_type='Polygon', **options)


def _geodesic(polygons: np.ndarray, crs: CRS, geod: Geod, geodetic: CRS) -> np.ndarray:
    """Return areas on the ellipsoid of the CRS; edges count as geodesics."""
    # Degrees, longitude first, whatever axes and angular units the CRS has.
    degrees = geodetic if geodetic.axis_info[0].unit_name == 'degree' else CRS.from_epsg(4326)
    to_degrees = Transformer.from_crs(crs, degrees, always_xy=True)
    in_degrees = shapely.transform(polygons, lambda xy: np.stack(to_degrees.transform(*xy.T), axis=1))
    # Holes count as such only if they run against their outline.
    return np.array([geod.geometry_area_perimeter(orient(polygon))[0] for polygon in in_degrees], dtype=np.float64)


def polygon_areas(polygons: np.ndarray, crs: CRS) -> np.ndarray:
    """Measure polygons.

    In a projected CRS the area is that of the plane, its unit converted to metres, unless the projection distorts the
    areas of these polygons by more than 1% in total; then, and in a geographic CRS, it is the area on the ellipsoid.

    Args:
        polygons: N shapely polygons in coordinates of the CRS, x or longitude first.
        crs: Projected or geographic CRS.

    Returns:
        ``(N,)`` float64, square metres.

    Raises:
        ValueError: If the CRS is neither, such as that of a building site.
    """
    if not len(polygons):
        return np.zeros(0)
    geod, geodetic = crs.get_geod(), crs.geodetic_crs
    if not (crs.is_geographic or crs.is_projected) or geod is None or geodetic is None:
        raise ValueError(
            f'Areas need a projected or geographic CRS, but {crs.name!r} is neither. Assign the scene another CRS, '
            'for example with `gdal_edit.py -a_srs`.'
        )
    geodesic = _geodesic(polygons, crs, geod, geodetic)
    if crs.is_geographic:
        return geodesic
    metres = crs.axis_info[0].unit_conversion_factor
    planar = shapely.area(polygons) * metres**2
    distortion = abs(planar.sum() / geodesic.sum() - 1) if geodesic.sum() > 0 else 0.0
    return geodesic if distortion > _MAX_DISTORTION else planar
