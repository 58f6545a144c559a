# Copyright (c) mmrrsis contributors.
"""Cross-entropy of target and background."""

from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS


@MODELS.register_module()
class TargetBackgroundLoss(nn.Module):
    """``L_ce = lambda L_fg + (1 - lambda) L_bg`` of BTDNet (section III-D, equations 10 and 11).

    ``L_fg = -mean(G_fg log O_fg)`` and ``L_bg = -mean(G_bg log O_bg)`` over all pixels, where ``(O_fg, O_bg)`` is the
    softmax over a target and a background logit. It depends on their difference ``d`` alone, ``O_fg = sigmoid(d)``
    and ``O_bg = sigmoid(-d)``, so the loss takes the difference. The paper writes sums; the mean keeps the loss from
    growing with the image.

    Args:
        foreground_weight: ``lambda``, between 0 and 1.
        loss_weight: Factor of the loss.
        loss_name: Its name in the log.

    Raises:
        ValueError: If ``foreground_weight`` is not between 0 and 1.
    """

    def __init__(self, foreground_weight: float = 0.6, loss_weight: float = 1.0, loss_name: str = 'loss_ce') -> None:
        super().__init__()
        if not 0 < foreground_weight < 1:
            raise ValueError(
                f'foreground_weight={foreground_weight} must lie between 0 and 1, neither included: with one of the '
                'two terms alone, calling every pixel target (or every pixel background) is a perfect answer. For a '
                'decoder without a background stream set model.decode_head.background_stream=False.'
            )
        self.foreground_weight = foreground_weight
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits ``(B, 1, H, W)``, target less background, against masks, a scalar."""
        # float32: a mean over a large image is inexact in half precision.
        logits = logits.float()
        target = target.float()
        foreground = -(target * F.logsigmoid(logits)).mean()
        background = -((1 - target) * F.logsigmoid(-logits)).mean()
        weight = self.foreground_weight
        return self.loss_weight * (weight * foreground + (1 - weight) * background)
