# Copyright (c) mmrrsis contributors.
"""Georeferenced scenes in, masks and polygons with the same georeference out.

Needs the packages of the extra ``geo``.
"""

from . import _dependencies  # noqa: F401  (first: says what to install before an import below fails)
from .areas import polygon_areas
from .predictor import Predictor
from .scene_reader import SceneReader
from .segment_scene import MODES, SceneResult, segment_scene
from .stretch import Stretch
from .tiling import blend_weights, tile_starts
from .vectorize import vectorize_mask

__all__ = [
    'MODES',
    'Predictor',
    'SceneReader',
    'SceneResult',
    'Stretch',
    'blend_weights',
    'polygon_areas',
    'segment_scene',
    'tile_starts',
    'vectorize_mask',
]
