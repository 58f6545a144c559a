# Copyright (c) mmrrsis contributors.
"""IIM, the stage fusion of RMSIN."""

from torch import Tensor, nn

from mmrrsis.registry import MODELS

from .fused_stage import FusedStage, TanhGate
from .pwam import PWAM


class ReceptiveLayer(nn.Module):
    """Sum of a 1x1, a 3x3 and an identity branch on a map of one channel, each with batch norm.

    The branches see one and nine pixels, so that two layers mix receptive fields from one to 25 pixels. The 3x3
    branch is a 1x1 and a 3x3 convolution, each with its norm.
    """

    def __init__(self) -> None:
        super().__init__()
        self.point = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1))
        self.window = nn.Sequential(
            nn.Conv2d(1, 1, 1, bias=False),
            nn.BatchNorm2d(1),
            nn.Conv2d(1, 1, 3, padding=1, bias=False),
            nn.BatchNorm2d(1),
        )
        self.identity = nn.BatchNorm2d(1)

    def forward(self, feature: Tensor) -> Tensor:
        """Run the layer on ``(B, 1, H, W)``."""
        return self.point(feature) + self.window(feature) + self.identity(feature)


@MODELS.register_module()
class IIM(PWAM):
    """Intra-scale interaction module: PWAM, and beside it a branch that weighs pixels by their surroundings.

    RMSIN (Liu et al., "Rotated Multi-Scale Interaction Network for Referring Remote Sensing Image Segmentation", CVPR
    2024): the cross-modal alignment branch is that of :class:`PWAM`; the visual branch computes one weight per pixel
    from the mean over channels, through two layers of several receptive fields::

        w = sigmoid(R_2(relu(R_1(mean over channels of V))))
        V' = V + gate_l(F) + gate_v(w * V)

    where ``gate`` is :class:`TanhGate`. The decoder reads ``F`` of the alignment branch alone, the words stay as they
    are. With the official weights the results are those of the official code, which takes square maps only. In the
    last stage of an encoder whose decoder reads ``F``, gates and visual branch lead nowhere; RMSIN has them too.

    A convolution of one channel in front of a batch norm learns next to nothing in training, because the norm cancels
    its scale; it is kept, as weights of the official code use it.

    Args:
        visual_channels: Channels ``C`` of the map.
        word_channels: Channels ``D`` of the words.
        num_heads: Attention heads of the alignment branch; 1 is RMSIN's.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If the heads cannot share the channels.
    """

    def __init__(
        self, visual_channels: int, word_channels: int, num_heads: int = 1, init_cfg: dict | None = None
    ) -> None:
        super().__init__(visual_channels, word_channels, num_heads, init_cfg)
        self.pixel_weight = nn.Sequential(ReceptiveLayer(), nn.ReLU(), ReceptiveLayer(), nn.Sigmoid())
        self.visual_gate = TanhGate(visual_channels)

    def forward(self, visual: Tensor, words: Tensor, word_mask: Tensor) -> FusedStage:
        """Fuse one stage.

        Args:
            visual: ``(B, C, H, W)``, more than one pixel.
            words: ``(B, N, D)``.
            word_mask: ``(B, N)`` bool, True at real words.

        Returns:
            ``V'`` for the next stage, the words unchanged, ``F`` for the decoder.
        """
        fused = super().forward(visual, words, word_mask)
        weighted = self.pixel_weight(visual.mean(1, keepdim=True)) * visual
        residual = self.visual_gate(weighted.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return fused._replace(visual=fused.visual + residual)
