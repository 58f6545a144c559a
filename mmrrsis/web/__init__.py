# Copyright (c) mmrrsis contributors.
"""A page in the browser: an image and sentences in, masks and polygons out.

Needs the packages of the extra ``web``.
"""

from . import _dependencies  # noqa: F401  (first: says what to install before an import below fails)
from .example_scenes import Example, write_examples
from .expression_lines import MAX_EXPRESSIONS, read_expression_lines
from .layer_choices import LayerChoices, record_layers
from .page import build_page, launch_page, training_note
from .picture_source import MAX_SIDE, PictureSource, read_source
from .segmentation import Segmentation, segment_source
from .write_exports import write_exports

__all__ = [
    'MAX_EXPRESSIONS',
    'MAX_SIDE',
    'Example',
    'LayerChoices',
    'PictureSource',
    'Segmentation',
    'build_page',
    'launch_page',
    'read_expression_lines',
    'read_source',
    'record_layers',
    'segment_source',
    'training_note',
    'write_examples',
    'write_exports',
]
