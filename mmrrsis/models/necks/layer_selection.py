# Copyright (c) mmrrsis contributors.
"""Selected layers of the image encoder, and selections that do not depend on the sample."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmrrsis.registry import MODELS
from mmrrsis.structures import MultimodalFeatures


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


@MODELS.register_module()
class FixedLayerSelection(BaseModule):
    """Take the same layers for every sample.

    "Random feature selection", RFS(i, j, 12), of CD2FSAN's Table 4b and 4c: the pair i, j is drawn once, not anew at
    each step.

    Args:
        layers: Layers counted from 1, the lowest first.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If the layers are not ascending numbers from 1.
    """

    def __init__(self, layers: Sequence[int], init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if not layers or min(layers) < 1 or list(layers) != sorted(set(layers)):
            raise ValueError(
                f'FixedLayerSelection.layers={tuple(layers)} must be different layers in ascending order, counted '
                'from 1.'
            )
        self.layers = tuple(layers)

    def forward(self, features: MultimodalFeatures) -> LayerSelection:
        """Take the chosen maps ``(B, C, H, W)``.

        Raises:
            ValueError: If a layer is deeper than the encoder.
        """
        visual = features.visual.layers
        if self.layers[-1] > len(visual):
            raise ValueError(
                f'FixedLayerSelection has layers={self.layers} but the image encoder returns {len(visual)} layers. '
                'Change model.neck.layer_selection.layers.'
            )
        layers = torch.tensor(self.layers, device=visual[0].device).expand(len(visual[0]), -1)
        return LayerSelection(features=tuple(visual[layer - 1] for layer in self.layers), layers=layers)


@MODELS.register_module()
class LastLayerSelection(BaseModule):
    """Take the encoder's last layer, for every sample.

    The baseline of CD2FSAN, Table 4a. The aggregation after it has one level.
    """

    def forward(self, features: MultimodalFeatures) -> LayerSelection:
        """Return the last of the visual maps ``(B, C, H, W)``."""
        visual = features.visual.layers
        layers = torch.full((len(visual[-1]), 1), len(visual), device=visual[-1].device)
        return LayerSelection(features=(visual[-1],), layers=layers)
