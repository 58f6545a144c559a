# Copyright (c) mmrrsis contributors.
"""What a stage fusion hands out, and the gate on what it adds."""

from typing import NamedTuple

from mmengine.model import BaseModule
from torch import Tensor, nn


class FusedStage(NamedTuple):
    """Result of a stage fusion ``fusion(visual, words, word_mask)``.

    A fusion may return the plain pair ``(visual, words)`` instead. The third field is for fusions whose decoder reads
    something else than what the next stage does: LAVT's decoder reads the fused features alone, the next stage their
    gated sum with the visual ones.

    Attributes:
        visual: ``(B, C, H, W)``, input of the next stage of the image encoder, residual included.
        words: ``(B, N, D)``, input of the next group of layers of the text encoder, residual included.
        output: ``(B, C, H, W)``, what the decoder reads; None where that is ``visual``.
    """

    visual: Tensor
    words: Tensor
    output: Tensor | None = None


class TanhGate(BaseModule):
    """``tanh(W_2 relu(W_1 x)) * x``: how much of a fused feature goes on, channel by channel, in (-1, 1).

    The language gate of LAVT (Yang et al., CVPR 2022, section 3.3, "Language Pathway"). Both layers are without bias,
    as in the official code, so a feature of zero adds nothing. Small weights in the beginning, of a standard deviation
    of 0.02 as there, keep the gate nearly shut: a pretrained tower sees nearly what it saw in pretraining.

    Args:
        channels: Channels ``C``.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(self, channels: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        layers = [nn.Linear(channels, channels, bias=False) for _ in range(2)]
        for layer in layers:
            nn.init.trunc_normal_(layer.weight, std=0.02)
        self.gate = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.Tanh())

    def forward(self, feature: Tensor) -> Tensor:
        """Gate a feature ``(..., C)`` with itself."""
        return self.gate(feature) * feature
