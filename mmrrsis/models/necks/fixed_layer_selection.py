# Copyright (c) mmrrsis contributors.
"""A layer selection that is the same for all samples."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule

from mmrrsis.registry import MODELS
from mmrrsis.structures import MultimodalFeatures

from .layer_selection import LayerSelection


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
