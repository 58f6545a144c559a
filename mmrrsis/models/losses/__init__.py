# Copyright (c) mmrrsis contributors.
"""Losses on mask logits."""

from .binary_focal_loss import BinaryFocalLoss
from .target_background_loss import TargetBackgroundLoss

__all__ = ['BinaryFocalLoss', 'TargetBackgroundLoss']
