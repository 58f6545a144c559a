# Copyright (c) mmrrsis contributors.
"""Hooks of the runner."""

from .referring_visualization_hook import ReferringVisualizationHook

__all__ = ['ReferringVisualizationHook']
