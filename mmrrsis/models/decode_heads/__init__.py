# Copyright (c) mmrrsis contributors.
"""Decode heads: from the fused map to mask logits."""

from .drcd import DRCD

__all__ = ['DRCD']
