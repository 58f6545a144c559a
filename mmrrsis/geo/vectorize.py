# Copyright (c) mmrrsis contributors.
"""Turn masks into polygons with their expression, score and area in square metres, and write them."""

from collections.abc import Sequence
from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely
from pyproj import CRS
from rasterio.features import shapes

from .areas import polygon_areas
from .component_table import ComponentTable
from .georeference import apply_affine
from .mask_writer import FOREGROUND

#: Extension of a file of polygons and its driver.
VECTOR_DRIVERS = {'.gpkg': 'GPKG', '.geojson': 'GeoJSON', '.json': 'GeoJSON'}
#: Columns of a layer of polygons.
COLUMNS = ('expression', 'score', 'area_m2', 'pixels')


def _outline_pixel(polygon: shapely.Polygon) -> tuple[int, int]:
    """Return (row, column) of the leftmost pixel in the topmost row of a polygon in pixel coordinates."""
    ring = shapely.get_coordinates(polygon.exterior)
    row = ring[:, 1].min()
    return int(row), int(ring[ring[:, 1] == row, 0].min())


def vectorize_mask(
    mask_path: Path,
    expressions: Sequence[str],
    components: Sequence[ComponentTable],
    crs: CRS,
    transform: rasterio.Affine,
    simplify: float = 0.0,
) -> geopandas.GeoDataFrame:
    """Make one polygon of each 4-connected part of each mask.

    GDAL reads the mask file row by row; in memory are the outlines.

    Args:
        mask_path: A mask with one band per expression.
        expressions: K expressions.
        components: K tables of the parts of the masks.
        crs: CRS of the polygons.
        transform: Map from (column, row) to coordinates of the CRS; that of the mask, or what fits its control points.
        simplify: Outlines may move by this many pixels; 0 keeps every corner of the pixels.

    Returns:
        Polygons in the CRS with the columns ``expression``, ``score`` (mean probability inside), ``area_m2`` and
        ``pixels``. Area and outline are those of the simplified polygon, score and pixels those of the mask. An empty
        mask gives no row.
    """
    polygons, rows = [], []
    with rasterio.open(mask_path) as file:
        back = ~file.transform

        def to_pixels(corners: np.ndarray) -> np.ndarray:
            return np.rint(apply_affine(back, corners))

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
        outlines = shapely.transform(outlines, lambda corners: apply_affine(transform, corners))
    areas = polygon_areas(outlines, crs)
    data = dict(
        expression=np.array([row[0] for row in rows], dtype=object),
        score=np.array([row[1] for row in rows], dtype=np.float64),
        area_m2=areas,
        pixels=np.array([row[2] for row in rows], dtype=np.int64),
    )
    return geopandas.GeoDataFrame(data, geometry=list(outlines), crs=crs)


def write_polygons(polygons: geopandas.GeoDataFrame, path: Path, layer: str) -> None:
    """Write polygons as GeoPackage or GeoJSON, by the extension.

    GeoJSON is written in EPSG:4326, as its standard (RFC 7946) demands.

    Args:
        polygons: Polygons of :func:`vectorize_mask`; none gives a valid empty layer.
        path: The file. Of a GeoPackage that exists a layer of this name is replaced, others stay.
        layer: Name of the layer.
    """
    driver = VECTOR_DRIVERS[path.suffix.lower()]
    options = {}
    if driver == 'GeoJSON':
        polygons = polygons.to_crs(4326)
        # Nine decimals of a degree are a tenth of a millimetre; the seven that are usual would be a centimetre.
        options = dict(RFC7946='YES', COORDINATE_PRECISION=9)
    polygons.to_file(path, driver=driver, layer=layer, engine='pyogrio', geometry_type='Polygon', **options)
