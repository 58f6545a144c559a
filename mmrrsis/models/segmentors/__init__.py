# Copyright (c) mmrrsis contributors.
"""Segmentors: encoder, neck and decode head in one model."""

from .referring_segmentor import ReferringSegmentor

__all__ = ['ReferringSegmentor']
