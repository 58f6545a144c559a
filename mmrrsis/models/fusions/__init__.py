# Copyright (c) mmrrsis contributors.
"""Stage fusions: what joins image and words after a stage of a stagewise encoder."""

from .bsc import BSC
from .fused_stage import FusedStage, TanhGate
from .iim import IIM
from .pwam import PWAM
from .wpa import WPA

__all__ = ['BSC', 'IIM', 'PWAM', 'WPA', 'FusedStage', 'TanhGate']
