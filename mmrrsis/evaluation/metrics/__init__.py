# Copyright (c) mmrrsis contributors.
"""Metrics of referring segmentation."""

from .referring_iou import ReferringIoU

__all__ = ['ReferringIoU']
