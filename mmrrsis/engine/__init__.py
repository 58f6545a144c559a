# Copyright (c) mmrrsis contributors.
"""Parts that run around training and testing."""

from .hooks import ReferringVisualizationHook

__all__ = ['ReferringVisualizationHook']
