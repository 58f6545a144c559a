# Copyright (c) mmrrsis contributors.
"""Areas of polygons in square metres."""

import numpy as np
import shapely
from pyproj import CRS, Transformer
from shapely.geometry.polygon import orient

# A projection whose areas are wrong by more than this, such as web maps far from the equator, does not measure.
_MAX_DISTORTION = 0.01


def _geodesic(polygons: np.ndarray, crs: CRS) -> np.ndarray:
    """Return areas on the ellipsoid of the CRS; edges count as geodesics."""
    geod = crs.get_geod()
    # Degrees, longitude first, whatever axes and angular units the CRS has.
    to_degrees = Transformer.from_crs(crs, _degrees(crs), always_xy=True)
    in_degrees = shapely.transform(polygons, lambda xy: np.stack(to_degrees.transform(*xy.T), axis=1))
    # Holes count as such only if they run against their outline.
    return np.array([geod.geometry_area_perimeter(orient(polygon))[0] for polygon in in_degrees], dtype=np.float64)


def _degrees(crs: CRS) -> CRS:
    """Return the geographic CRS below a CRS, in degrees."""
    geodetic = crs.geodetic_crs
    if geodetic.axis_info[0].unit_name == 'degree':
        return geodetic
    return CRS.from_epsg(4326)


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
    if crs.is_geographic:
        return _geodesic(polygons, crs)
    if not crs.is_projected:
        raise ValueError(
            f'Areas need a projected or geographic CRS, but {crs.name!r} is neither. Assign the scene another CRS, '
            'for example with `gdal_edit.py -a_srs`.'
        )
    metres = crs.axis_info[0].unit_conversion_factor
    planar = shapely.area(polygons) * metres**2
    geodesic = _geodesic(polygons, crs)
    distortion = abs(planar.sum() / geodesic.sum() - 1) if geodesic.sum() > 0 else 0.0
    return geodesic if distortion > _MAX_DISTORTION else planar
