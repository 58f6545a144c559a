# Copyright (c) mmrrsis contributors.
"""Dice loss of a binary mask."""

from torch import Tensor, nn

from mmrrsis.registry import MODELS


@MODELS.register_module()
class BinaryDiceLoss(nn.Module):
    """``1 - (2 sum(p g) + s) / (sum(p) + sum(g) + s)`` of each sample, the mean over samples.

    Args:
        smooth: The term ``s``, in pixels: an empty mask that is predicted empty has no loss.
        loss_weight: Factor of the loss.
        loss_name: Its name in the log.
    """

    def __init__(self, smooth: float = 1.0, loss_weight: float = 1.0, loss_name: str = 'loss_dice') -> None:
        super().__init__()
        self.smooth = smooth
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits ``(B, 1, H, W)`` against masks of the same shape, a scalar."""
        # float32: sums over a large image overflow half precision.
        probability = logits.float().sigmoid().flatten(1)
        target = target.float().flatten(1)
        overlap = (probability * target).sum(1)
        dice = (2 * overlap + self.smooth) / (probability.sum(1) + target.sum(1) + self.smooth)
        return self.loss_weight * (1 - dice).mean()
