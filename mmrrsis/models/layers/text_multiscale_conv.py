# Copyright (c) mmrrsis contributors.
"""TMC, the text multi-scale convolution of CD2FSAN."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.registry import MODELS


@MODELS.register_module()
class TextMultiscaleConv(BaseModule):
    """Convolutions of growing reach along the words.

    CD2FSAN, section 3.4 (TMC): ``W1 = Conv1(W)``, ``W2 = Conv3(cat(W, W1))``, ``W' = Conv3(cat(W1, W2)) + W1``.

    The last convolution begins near zero, so that each word begins as itself.
    Padding words are set to zero before every convolution, so they act exactly as the border of a shorter sentence.

    Args:
        in_channels: Width ``D`` of the words.
        channels: Width ``C`` of the result.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(self, in_channels: int, channels: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.conv1 = nn.Conv1d(in_channels, channels, 1)
        self.conv2 = nn.Conv1d(in_channels + channels, channels, 3, padding=1)
        self.conv3 = nn.Conv1d(2 * channels, channels, 3, padding=1)
        nn.init.trunc_normal_(self.conv3.weight, std=1e-3)
        nn.init.zeros_(self.conv3.bias)

    def forward(self, words: Tensor, word_mask: Tensor) -> Tensor:
        """Enrich words with their neighbours.

        Args:
            words: ``(B, N, D)``.
            word_mask: ``(B, N)`` bool, True at real words.

        Returns:
            ``(B, N, C)``; padding words are zero.
        """
        padding = ~word_mask[:, None]  # (B, 1, N)
        words = words.transpose(1, 2).masked_fill(padding, 0)  # (B, D, N)
        first = self.conv1(words).masked_fill(padding, 0)
        second = self.conv2(torch.cat((words, first), dim=1)).masked_fill(padding, 0)
        third = self.conv3(torch.cat((first, second), dim=1)) + first
        return third.masked_fill(padding, 0).transpose(1, 2)
