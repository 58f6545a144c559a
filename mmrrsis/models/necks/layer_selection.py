# Copyright (c) mmrrsis contributors.
"""What a layer selection returns."""

from dataclasses import dataclass

from torch import Tensor


@dataclass
class LayerSelection:
    """Feature maps chosen among an encoder's layers, per sample.

    Attributes:
        features: ``L`` maps ``(B, C, H, W)``, lowest layer first, the last layer last.
        layers: ``(B, L)`` int64, the layer (counted from 1) that each map of each sample came from.
        scores: ``(B, M)`` weight of each of the ``M`` candidates, or None where nothing was scored.
    """

    features: tuple[Tensor, ...]
    layers: Tensor
    scores: Tensor | None = None
