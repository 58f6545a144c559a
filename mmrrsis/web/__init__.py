# Copyright (c) mmrrsis contributors.
"""A page in the browser: an image and sentences in, masks and polygons out.

Needs the packages of the extra ``web``.
"""
# ruff: noqa: E402  (the check says what to install before an import below it fails)

from mmrrsis.dependencies import WEB_PACKAGES, check_packages

check_packages('web', WEB_PACKAGES)

from .page import build_page, launch_page, training_note
from .segmentation import LayerChoices, Segmentation, record_layers, segment_source
from .user_input import MAX_EXPRESSIONS, MAX_SIDE, Example, PictureSource, read_expression_lines, read_source
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
    'write_exports',
]
