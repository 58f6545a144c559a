# Copyright (c) mmrrsis contributors.
"""Instance norm over words."""

import torch
from torch import Tensor, nn


class MaskedInstanceNorm(nn.Module):
    """Normalise each channel of each text over its real words, then scale and shift it.

    ``nn.InstanceNorm1d`` would count the padding, and a short expression would depend on how far it is padded.

    Args:
        channels: Channels ``D``.
        eps: Added to the variance.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, words: Tensor, word_mask: Tensor) -> Tensor:
        """Normalise.

        Args:
            words: ``(B, N, D)``.
            word_mask: ``(B, N)`` bool, True at real words.

        Returns:
            ``(B, N, D)``, zero at padding.
        """
        padding = ~word_mask.unsqueeze(-1)
        count = word_mask.sum(1)[:, None, None].clamp(min=1)
        centred = words - words.masked_fill(padding, 0).sum(1, keepdim=True) / count
        variance = centred.masked_fill(padding, 0).square().sum(1, keepdim=True) / count
        normed = centred / (variance + self.eps).sqrt()
        return (normed * self.weight + self.bias).masked_fill(padding, 0)
