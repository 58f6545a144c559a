# Copyright (c) mmrrsis contributors.
"""Evaluation of referring segmentation."""

from .metrics import ReferringIoU

__all__ = ['ReferringIoU']
