# Copyright (c) mmrrsis contributors.
"""Referring remote sensing image segmentation on MMEngine."""

from ._check_stack import check_stack
from .version import __version__

check_stack()

__all__ = ['__version__']
