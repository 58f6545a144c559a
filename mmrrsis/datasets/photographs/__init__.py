# Copyright (c) mmrrsis contributors.
"""Referring sets made of annotated photographs."""

from .vhr10_ref import vhr10_ref

__all__ = ['vhr10_ref']
