# Copyright (c) mmrrsis contributors.
"""An image network and a language network as independent towers with a joint space."""

import torch
from mmcv.cnn import ConvModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS
from mmrrsis.structures import ReferringTextBatch, TextFeatures, VisualFeatures

from .build_image_tower import build_image_tower
from .referring_encoder import IndependentTowers


@MODELS.register_module()
class DualEncoder(IndependentTowers):
    """Independent towers for the image and for the expression that were not trained together, as CLIP's were.

    It gives CD2FSAN what it reads of :class:`~mmrrsis.models.encoders.clip_dual_encoder.CLIPDualEncoder`, from the
    stages of a convolutional network and from BERT:

    - maps of equal width on one grid, lowest first: each stage, mapped to ``channels`` by a 1x1 convolution and
      resized to the grid of stage ``grid_stage``; then, as the last one, their merger from the deepest stage to the
      shallowest (the top-down path of a feature pyramid, Lin et al., CVPR 2017), with the detail of the one and the
      content of the other;
    - the last one in the joint space by another 1x1 convolution;
    - the words of BERT, and as sentence their mean, mapped to the joint space by a linear layer.

    The joint space is learned in training. The paper has CLIP instead; this encoder is for trainings with little data
    and less computing.

    Args:
        image: Config of the image tower, for example ``TIMMStages``; see :class:`.StagewiseEncoder`.
        text: Config of the text tower, for example ``BERTStages``.
        channels: Width ``C`` of the maps.
        joint_channels: Width ``D_joint`` of the joint space.
        grid_stage: The stage, from 0, whose grid all maps get.
        norm_cfg: Norm after each 1x1 convolution of a stage.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If the image tower has no stage ``grid_stage``.
    """

    def __init__(
        self,
        image: dict,
        text: dict,
        channels: int,
        joint_channels: int,
        grid_stage: int = 1,
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.image = build_image_tower(image)
        self.text = MODELS.build(text)
        if not 0 <= grid_stage < len(self.image.channels):
            raise ValueError(
                f'model.encoder.grid_stage={grid_stage}, but the image tower has the stages 0 to '
                f'{len(self.image.channels) - 1}.'
            )
        self.grid_stage = grid_stage
        self.laterals = nn.ModuleList(
            ConvModule(width, channels, 1, norm_cfg=norm_cfg, act_cfg=None) for width in self.image.channels
        )
        self.merge = ConvModule(channels, channels, 3, padding=1, norm_cfg=norm_cfg)
        self.visual_projection = nn.Conv2d(channels, joint_channels, 1)
        self.text_projection = nn.Linear(self.text.channels, joint_channels)

    def encode_image(self, images: Tensor) -> VisualFeatures:
        """Encode images.

        Args:
            images: ``(B, 3, H, W)``, normalised as the weights of the image tower need it.

        Returns:
            For each stage, and for their merger, a map ``(B, C, h, w)``; the merger in the joint space too,
            ``(B, D_joint, h, w)``.
        """
        stages = self.image(images)
        size = stages[self.grid_stage].shape[-2:]
        layers = [
            F.adaptive_avg_pool2d(lateral(stage), size)
            if index < self.grid_stage
            else F.interpolate(lateral(stage), size, mode='bilinear', align_corners=False)
            for index, (stage, lateral) in enumerate(zip(stages, self.laterals, strict=True))
        ]
        merged = self.merge(torch.stack(layers).sum(dim=0))
        return VisualFeatures(layers=(*layers, merged), joint=self.visual_projection(merged))

    def encode_text(self, text: ReferringTextBatch) -> TextFeatures:
        """Encode referring expressions.

        Args:
            text: A batch of expressions, tensors ``(B, N)``.

        Returns:
            Words ``(B, N', D_text)``, their mask, and sentences ``(B, D_joint)``. ``N'`` is the length of the longest
            expression: padding behind it changes nothing and costs as much as words.
        """
        longest = int(text.token_mask.sum(dim=1).max())
        mask = text.token_mask[:, :longest]
        words = self.text(text.token_ids[:, :longest], mask)
        weight = mask[..., None].to(words.dtype)  # (B, N', 1)
        sentence = (words * weight).sum(dim=1) / weight.sum(dim=1)
        return TextFeatures(words=words, word_mask=mask, sentence=self.text_projection(sentence))
