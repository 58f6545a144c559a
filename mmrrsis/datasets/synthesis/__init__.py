# Copyright (c) mmrrsis contributors.
"""SynthRS: synthetic aerial scenes with verified referring expressions."""

from .expression_resolver import Resolution, resolve
from .expression_syntax import ExpressionSyntaxError
from .scene import Referral, Scene
from .scene_generator import SceneGenerator
from .scene_object import SceneObject

__all__ = ['ExpressionSyntaxError', 'Referral', 'Resolution', 'Scene', 'SceneGenerator', 'SceneObject', 'resolve']
