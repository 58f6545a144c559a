# Copyright (c) mmrrsis contributors.
"""Georeferenced scenes in, masks and polygons with the same georeference out.

Needs the packages of the extra ``geo``.
"""
# ruff: noqa: E402  (the check says what to install before an import below it fails)

from mmrrsis.dependencies import GEO_PACKAGES, check_packages

check_packages('geo', GEO_PACKAGES)

from .areas import polygon_areas
from .scene_options import MODES
from .scene_reader import SceneReader
from .segment_scene import SceneResult, segment_scene
from .strips import Predictor
from .tiling import Tiling
from .vectorize import vectorize_mask

__all__ = [
    'MODES',
    'Predictor',
    'SceneReader',
    'SceneResult',
    'Tiling',
    'polygon_areas',
    'segment_scene',
    'vectorize_mask',
]
