# Copyright (c) mmrrsis contributors.
"""What every head with one mask logit per pixel shares: its losses."""

from abc import abstractmethod
from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS

#: Focal + Dice with equal weights, the loss of CD2FSAN (section 3.5).
FOCAL_AND_DICE = (dict(type='BinaryFocalLoss'), dict(type='BinaryDiceLoss'))


class BaseMaskHead(BaseModule):
    """A decode head with one logit per pixel.

    Args:
        losses: Configs of losses on ``(logits, target)``, or loss modules.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(self, losses: Sequence[dict | nn.Module] = FOCAL_AND_DICE, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.losses = nn.ModuleList(loss if isinstance(loss, nn.Module) else MODELS.build(loss) for loss in losses)

    @abstractmethod
    def forward(self, fused: Tensor) -> Tensor:
        """Decode a fused map ``(B, C, h, w)`` to logits ``(B, 1, H', W')``."""

    def loss(self, fused: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Losses of the decoded logits, brought to the size of the masks.

        Args:
            fused: ``(B, C, h, w)``.
            target: ``(B, 1, H, W)`` bool.

        Returns:
            One scalar per loss.
        """
        logits = F.interpolate(self(fused), target.shape[-2:], mode='bilinear', align_corners=False)
        return {loss.loss_name: loss(logits, target) for loss in self.losses}
