# Copyright (c) mmrrsis contributors.
"""The neck of CD2FSAN: select layers, aggregate them, align them with the words."""

from mmengine.model import BaseModule
from torch import Tensor

from mmrrsis.registry import MODELS
from mmrrsis.structures import MultimodalFeatures


@MODELS.register_module()
class ReferringPyramidNeck(BaseModule):
    """Layer selection, aggregation and (where there is one) alignment, in this order.

    Args:
        layer_selection: Config of the part that chooses layers, for example ``DFSM``.
        aggregation: Config of the part that merges them with the sentence.
        alignment: Config of the part that aligns the merged map with the words, for example ``MAAM``; None for the
            rows of the ablation tables that have none.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        layer_selection: dict,
        aggregation: dict,
        alignment: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.layer_selection = MODELS.build(layer_selection)
        self.aggregation = MODELS.build(aggregation)
        self.alignment = None if alignment is None else MODELS.build(alignment)

    def forward(self, features: MultimodalFeatures) -> Tensor:
        """Fuse the features of B samples to a map ``(B, C, H, W)``."""
        fused = self.aggregation(self.layer_selection(features), features.visual.joint, features.text.sentence)
        return fused if self.alignment is None else self.alignment(fused, features.text)
