# Copyright (c) mmrrsis contributors.
"""A gate on what is added to a stage."""

from mmengine.model import BaseModule
from torch import Tensor, nn


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
        self.gate = nn.Sequential(
            nn.Linear(channels, channels, bias=False),
            nn.ReLU(),
            nn.Linear(channels, channels, bias=False),
            nn.Tanh(),
        )
        for index in (0, 2):
            nn.init.trunc_normal_(self.gate[index].weight, std=0.02)

    def forward(self, feature: Tensor) -> Tensor:
        """Gate a feature ``(..., C)`` with itself."""
        return self.gate(feature) * feature
