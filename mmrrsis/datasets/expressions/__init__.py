# Copyright (c) mmrrsis contributors.
"""Referring expressions: written, read, and resolved against the objects of a scene."""

from .resolver import Resolution, resolve
from .scene import Referral, Scene, SceneObject
from .syntax import ExpressionSyntaxError
from .writer import write_expressions

__all__ = [
    'ExpressionSyntaxError',
    'Referral',
    'Resolution',
    'Scene',
    'SceneObject',
    'resolve',
    'write_expressions',
]
