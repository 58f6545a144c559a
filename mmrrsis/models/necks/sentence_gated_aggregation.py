# Copyright (c) mmrrsis contributors.
"""Aggregation of selected layers and the sentence into one map."""

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS

from ..layers import coordinates
from .layer_selection import LayerSelection


@MODELS.register_module()
class SentenceGatedAggregation(BaseModule):
    """Build a pyramid of the selected layers, multiply it with the sentence, merge it.

    CD2FSAN, sections 3.3 and 3.4: the selected maps get the resolutions ``H``, ``H/2`` and ``H/4``, deepest layer
    finest, and are aggregated with the sentence feature into ``F_F`` ``(B, C, H, W)``. With one level this is the
    paper's baseline: the last layer times the sentence.

    The paper does not say how it downsamples and merges. Here a depthwise 3x3 with stride 2 halves a map, a 1x1
    convolution maps each level to ``C`` channels, the sentence, mapped to ``C`` by a linear layer of each level,
    multiplies it, and a 1x1 convolution merges the levels, brought back to ``H`` x ``W`` bilinearly. The last layer in
    the space of the sentence is multiplied with the sentence too, both scaled to unit mean square, and merged with
    the levels: the sum over these channels is CLIP's own similarity of a pixel and the sentence. Each pixel's
    position in the image stands beside its feature (CoordConv, Liu et al., NeurIPS 2018, as CRIS has it), so that a
    sentence that says "upper left" has something to multiply; CLIP's own position embeddings are learned for the
    image as a whole and say little about where a deep token lies.

    Args:
        visual_channels: Channels of the selected maps.
        sentence_channels: Width ``D`` of the sentence.
        channels: Channels ``C`` of the result.
        num_levels: Number of selected maps.
        norm_cfg: Norm after each 1x1 convolution.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        visual_channels: int,
        sentence_channels: int,
        channels: int,
        num_levels: int = 3,
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        halvings = range(num_levels - 1, -1, -1)  # lowest layer first: H/4, H/2, H
        self.downsamples = nn.ModuleList(
            nn.Sequential(
                *(
                    nn.Conv2d(visual_channels, visual_channels, 3, stride=2, padding=1, groups=visual_channels)
                    for _ in range(count)
                )
            )
            for count in halvings
        )
        self.projections = nn.ModuleList(
            ConvModule(visual_channels + 2, channels, 1, norm_cfg=norm_cfg, act_cfg=None) for _ in range(num_levels)
        )
        self.gates = nn.ModuleList(nn.Linear(sentence_channels, channels) for _ in range(num_levels))
        self.merge = ConvModule(
            num_levels * channels + sentence_channels, channels, 1, norm_cfg=norm_cfg, act_cfg=None
        )

    def forward(self, selection: LayerSelection, joint: Tensor, sentence: Tensor) -> Tensor:
        """Merge.

        Args:
            selection: Maps ``(B, C_v, H, W)``, lowest layer first.
            joint: ``(B, D, H, W)``, the last layer in the space of the sentence.
            sentence: ``(B, D)``.

        Returns:
            ``(B, C, H, W)``.

        Raises:
            ValueError: If the number of maps differs from ``num_levels``.
        """
        if len(selection.features) != len(self.projections):
            raise ValueError(
                f'SentenceGatedAggregation was built for {len(self.projections)} levels but got '
                f'{len(selection.features)}. Set model.neck.aggregation.num_levels to the number of layers that '
                'model.neck.layer_selection selects.'
            )
        size = selection.features[-1].shape[-2:]
        levels = []
        for feature, downsample, projection, gate in zip(
            selection.features, self.downsamples, self.projections, self.gates, strict=True
        ):
            feature = downsample(feature)
            level = projection(torch.cat((feature, coordinates(feature)), dim=1)) * gate(sentence)[..., None, None]
            levels.append(F.interpolate(level, size, mode='bilinear', align_corners=False))
        # Unit vectors have components of 1 / sqrt(D): scaled so that the product's are of the size of 1.
        agreement = F.normalize(joint, dim=1) * F.normalize(sentence, dim=1)[..., None, None] * sentence.shape[1]
        return self.merge(torch.cat((*levels, agreement), dim=1))
