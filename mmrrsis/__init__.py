# Copyright (c) mmrrsis contributors.
"""Referring remote sensing image segmentation on MMEngine."""

from .version import __version__

__all__ = ['__version__']
