# Copyright (c) mmrrsis contributors.
"""What every head with one mask logit per pixel shares: its losses."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS
from mmrrsis.structures import ContextFeatures

#: What a neck hands to its head.
Fused = TypeVar('Fused', Tensor, ContextFeatures)

#: Focal + Dice with equal weights, the loss of CD2FSAN (section 3.5).
FOCAL_AND_DICE = (
    dict(type='BinaryFocalLoss'),
    dict(type='mmseg.DiceLoss', naive_dice=True, eps=1.0, ignore_index=None),
)


class BaseMaskHead(BaseModule, Generic[Fused]):
    """A decode head with one logit per pixel.

    Generic over what its neck hands over: a map ``(B, C, h, w)``, or :class:`~mmrrsis.structures.ContextFeatures`.

    Args:
        losses: Configs of losses on ``(logits, target)``, or loss modules.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(self, losses: Sequence[dict | nn.Module] = FOCAL_AND_DICE, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.losses = nn.ModuleList(loss if isinstance(loss, nn.Module) else MODELS.build(loss) for loss in losses)

    @abstractmethod
    def forward(self, fused: Fused) -> Tensor:
        """Decode what the neck returns for B samples to logits ``(B, 1, H', W')``."""

    def loss(self, fused: Fused, target: Tensor) -> dict[str, Tensor]:
        """Losses of the decoded logits, brought to the size of the masks.

        Args:
            fused: What the neck returns.
            target: ``(B, 1, H, W)`` bool.

        Returns:
            One scalar per loss.
        """
        # float32: sums and means over a large image overflow or lose digits in half precision.
        logits = F.interpolate(self(fused).float(), target.shape[-2:], mode='bilinear', align_corners=False)
        return {str(loss.loss_name): loss(logits, target) for loss in self.losses}
