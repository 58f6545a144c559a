# Copyright (c) mmrrsis contributors.
"""The baseline's layer selection: the last layer alone."""

import torch
from mmengine.model import BaseModule

from mmrrsis.registry import MODELS
from mmrrsis.structures import MultimodalFeatures

from .layer_selection import LayerSelection


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
