# Copyright (c) mmrrsis contributors.
"""Focal loss of a binary mask."""

from torch import Tensor, nn
from torchvision.ops import sigmoid_focal_loss

from mmrrsis.registry import MODELS


@MODELS.register_module()
class BinaryFocalLoss(nn.Module):
    """Focal loss (Lin et al., ICCV 2017), the mean over all pixels.

    Computed by torchvision, which needs no compiled operator: the same code serves CPU and GPU.

    Args:
        alpha: Weight of the foreground; ``1 - alpha`` is that of the background.
        gamma: Exponent that discounts pixels that are right already.
        loss_weight: Factor of the loss.
        loss_name: Its name in the log.
    """

    def __init__(
        self, alpha: float = 0.25, gamma: float = 2.0, loss_weight: float = 1.0, loss_name: str = 'loss_focal'
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.gamma = gamma
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits ``(B, 1, H, W)`` against masks of the same shape, a scalar."""
        loss = sigmoid_focal_loss(logits, target.to(logits.dtype), self.alpha, self.gamma, reduction='mean')
        return self.loss_weight * loss
