# Copyright (c) mmrrsis contributors.
"""SynthRS: synthetic aerial scenes with verified referring expressions."""

from .scene_generator import SceneGenerator

__all__ = ['SceneGenerator']
