# Copyright (c) mmrrsis contributors.
"""Measure polygons on the ellipsoid."""

import numpy as np
import shapely
from pyproj import CRS, Proj, Transformer

# Areas of the plane that differ from those on the ellipsoid by more do not measure.
_MAX_DISTORTION = 0.001
# Edges are straight in the CRS and curved elsewhere: they are cut into pieces of this length.
_PIECE_METRES, _PIECE_DEGREES = 5000.0, 0.05
# Polygons within one cell of this many degrees are measured around one centre.
_CELL_DEGREES = 5.0
# A polygon whose outline is farther from its centre is measured in quarters; metres.
_MAX_RADIUS, _BEYOND = 3e6, 1e9


class _Ellipsoid:
    """Brings coordinates of a CRS to an equal-area plane around any centre on its ellipsoid.

    The plane is that of Lambert's azimuthal projection: it knows no antimeridian, has the poles inside, and measures
    small polygons around its centre without cancellation.
    """

    def __init__(self, crs: CRS, geodetic: CRS) -> None:
        self._to_angles = Transformer.from_crs(crs, geodetic, always_xy=True)
        # Grads and radians count as well as degrees.
        self._unit = np.degrees(geodetic.axis_info[0].unit_conversion_factor)
        ellipsoid = geodetic.ellipsoid
        if ellipsoid is None:
            raise ValueError(f'{crs.name!r} names no ellipsoid')
        self._axes = dict(proj='laea', units='m', a=ellipsoid.semi_major_metre, b=ellipsoid.semi_minor_metre)

    def degrees(self, points: np.ndarray) -> np.ndarray:
        """Return longitude and latitude of points ``(N, 2)``; inf for those that the CRS does not know."""
        return np.stack(self._to_angles.transform(*points.T), axis=1) * self._unit

    def plane(self, degrees: np.ndarray, center: np.ndarray) -> np.ndarray:
        """Project longitudes and latitudes ``(N, 2)`` around a centre; metres."""
        projection = Proj({**self._axes, 'lon_0': float(center[0]), 'lat_0': float(center[1])})
        return np.stack(projection(*degrees.T), axis=1)


def _middles(polygons: np.ndarray) -> np.ndarray:
    """Return the middles of the bounds of polygons, ``(N, 2)``."""
    bounds = shapely.bounds(polygons)
    return (bounds[:, :2] + bounds[:, 2:]) / 2


def _on_ellipsoid(polygons: np.ndarray, ellipsoid: _Ellipsoid, piece: float) -> np.ndarray:
    """Return areas on the ellipsoid, NaN for polygons that reach to where the CRS knows no place."""
    areas = np.zeros(len(polygons))
    centers = ellipsoid.degrees(_middles(polygons))
    known = np.isfinite(centers).all(axis=1)
    # A middle without place, such as beyond the limb of a satellite's disk, says nothing of the polygon around it.
    for index in np.flatnonzero(~known):
        first = ellipsoid.degrees(shapely.get_coordinates(polygons[index])[:1])
        centers[index] = first[0]
    cells = np.round(np.nan_to_num(centers / _CELL_DEGREES, posinf=0, neginf=0)) * _CELL_DEGREES
    cells[:, 1] = cells[:, 1].clip(-90, 90)
    for cell in np.unique(cells, axis=0):
        members = np.flatnonzero((cells == cell).all(axis=1))
        cut = shapely.segmentize(polygons[members], piece)
        points, owner = shapely.get_coordinates(cut, return_index=True)
        degrees = ellipsoid.degrees(points)
        projected = ellipsoid.plane(degrees, cell)
        # The plane does not know the other end of the Earth: a polygon that reaches there is too large for it.
        projected[~np.isfinite(projected)] = _BEYOND
        distance = np.where(np.isfinite(degrees).all(axis=1), np.hypot(*projected.T), np.inf)
        radius = np.zeros(len(members))
        np.maximum.at(radius, owner, distance)
        measured = shapely.area(shapely.set_coordinates(cut, projected))
        areas[members] = np.where(np.isfinite(radius), measured, np.nan)
        for position in np.flatnonzero(np.isfinite(radius) & (radius > _MAX_RADIUS)):
            areas[members[position]] = _in_quarters(polygons[members[position]], ellipsoid, piece)
    return areas


def _in_quarters(polygon: shapely.Polygon, ellipsoid: _Ellipsoid, piece: float) -> float:
    """Measure a polygon that is too large for one plane in four parts."""
    left, bottom, right, top = polygon.bounds
    x, y = (left + right) / 2, (bottom + top) / 2
    boxes = ((left, bottom, x, y), (x, bottom, right, y), (left, y, x, top), (x, y, right, top))
    clipped = [shapely.intersection(polygon, shapely.box(*box)) for box in boxes]
    parts = [part for part in shapely.get_parts(clipped) if part.area > 0]
    return float(_on_ellipsoid(np.array(parts, dtype=object), ellipsoid, piece).sum())


def polygon_areas(polygons: np.ndarray, crs: CRS) -> np.ndarray:
    """Measure polygons.

    In a projected CRS the area is that of the plane, its unit converted to metres, unless it differs from the area on
    the ellipsoid by more than 0.1%; then, and in a geographic CRS, it is the area on the ellipsoid. Edges are straight
    lines of the CRS. Antimeridian and poles are places like others.

    Args:
        polygons: N shapely polygons in coordinates of the CRS, x or longitude first.
        crs: Projected or geographic CRS.

    Returns:
        ``(N,)`` float64, square metres; NaN for a polygon that reaches to where the CRS knows no place on the ground.

    Raises:
        ValueError: If the CRS is neither, such as that of a building site.
    """
    if not len(polygons):
        return np.zeros(0)
    geodetic = crs.geodetic_crs
    if not (crs.is_geographic or crs.is_projected) or geodetic is None:
        raise ValueError(f'areas need a projected or geographic CRS, but {crs.name!r} is neither')
    unit = crs.axis_info[0].unit_conversion_factor
    piece = _PIECE_DEGREES / np.degrees(unit) if crs.is_geographic else _PIECE_METRES / unit
    measured = _on_ellipsoid(polygons, _Ellipsoid(crs, geodetic), piece)
    if crs.is_geographic:
        return measured
    planar = shapely.area(polygons) * unit**2
    return np.where(np.abs(planar - measured) <= _MAX_DISTORTION * measured, planar, measured)
