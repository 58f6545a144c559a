# Copyright (c) mmrrsis contributors.
"""Decode heads: from the fused map to mask logits."""

from .dmols import DMOLS
from .drcd import DRCD
from .plain_conv_decoder import PlainConvDecoder
from .tbtd import TBTD

__all__ = ['DMOLS', 'DRCD', 'TBTD', 'PlainConvDecoder']
