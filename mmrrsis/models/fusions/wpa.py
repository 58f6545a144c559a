# Copyright (c) mmrrsis contributors.
"""WPA, one attention between words and pixels that is read in both directions."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.registry import MODELS

from .fused_stage import TanhGate


@MODELS.register_module()
class WPA(BaseModule):
    """Word-pixel alignment: pixels gather words and words gather pixels, side by side, from one affinity.

    BTDNet compares its fusion with "WPA", "parallel bidirectional attention learning" (section IV-D, Fig. 9), without
    a reference. It is read here as the word-pixel alignment of CoupAlign (Zhang et al., "CoupAlign: Coupling
    Word-Pixel with Sentence-Mask Alignments for Referring Image Segmentation", NeurIPS 2022), which fuses words and
    pixels in both directions in intermediate layers of both encoders. Only this idea is CoupAlign's, the formulas are
    ours, as BTDNet does not describe the module::

        A  = Q(LN(V)) K(LN(L))^T / sqrt(d)                      (H * W, N), one for both directions
        V' = V + gate_v(O_v(softmax over words of A    Val_l(LN(L))))
        L' = L + gate_l(O_l(softmax over pixels of A^T Val_v(LN(V))))

    Both directions read the inputs, none the other's result. In particular:

    - The multi-head form with a shared affinity is that of GLIP (Li et al., CVPR 2022), with a layer norm in front, as
      the maps of a Swin stage are not normalised.
    - The gates are those of LAVT, :class:`TanhGate`.
    - Padding words get no attention and stay as they are.

    Args:
        visual_channels: Channels ``C`` of the map.
        word_channels: Channels ``D`` of the words.
        inner_channels: Channels in which pixels and words are compared, all heads together.
        num_heads: Attention heads, of ``d = inner_channels / num_heads`` channels each.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If the heads cannot share the channels.
    """

    def __init__(
        self,
        visual_channels: int,
        word_channels: int,
        inner_channels: int = 256,
        num_heads: int = 8,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_heads < 1 or inner_channels % num_heads:
            raise ValueError(
                f'num_heads={num_heads} of WPA cannot share inner_channels={inner_channels}. Choose a divisor.'
            )
        self.num_heads = num_heads
        self.scale = (inner_channels // num_heads) ** -0.5
        self.visual_norm = nn.LayerNorm(visual_channels)
        self.word_norm = nn.LayerNorm(word_channels)
        self.pixel_query = nn.Linear(visual_channels, inner_channels)
        self.word_key = nn.Linear(word_channels, inner_channels)
        self.pixel_value = nn.Linear(visual_channels, inner_channels)
        self.word_value = nn.Linear(word_channels, inner_channels)
        self.visual_out = nn.Linear(inner_channels, visual_channels)
        self.word_out = nn.Linear(inner_channels, word_channels)
        self.visual_gate = TanhGate(visual_channels)
        self.word_gate = TanhGate(word_channels)

    def forward(self, visual: Tensor, words: Tensor, word_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Fuse one stage.

        Args:
            visual: ``(B, C, H, W)``.
            words: ``(B, N, D)``.
            word_mask: ``(B, N)`` bool, True at real words.

        Returns:
            V' ``(B, C, H, W)`` and L' ``(B, N, D)``, residuals included.
        """
        padding = ~word_mask.unsqueeze(-1)
        pixels = self.visual_norm(visual.flatten(2).transpose(1, 2))  # (B, H * W, C)
        # masked_fill, not multiplication: padding may hold NaN, and NaN * 0 is NaN.
        real_words = self.word_norm(words.masked_fill(padding, 0))
        keys = self._heads(self.word_key(real_words))
        affinity = self._heads(self.pixel_query(pixels) * self.scale) @ keys.transpose(2, 3)  # (B, heads, H * W, N)
        for_pixels = affinity.masked_fill(~word_mask[:, None, None, :], torch.finfo(affinity.dtype).min).softmax(-1)
        gathered_words = for_pixels @ self._heads(self.word_value(real_words))
        gathered_pixels = affinity.transpose(2, 3).softmax(-1) @ self._heads(self.pixel_value(pixels))
        visual_residual = self.visual_gate(self.visual_out(gathered_words.transpose(1, 2).flatten(2)))
        word_residual = self.word_gate(self.word_out(gathered_pixels.transpose(1, 2).flatten(2)))
        return (
            visual + visual_residual.transpose(1, 2).reshape(visual.shape),
            words + word_residual.masked_fill(padding, 0),
        )

    def _heads(self, feature: Tensor) -> Tensor:
        """Split ``(B, M, inner)`` into ``(B, heads, M, d)``."""
        return feature.unflatten(2, (self.num_heads, -1)).transpose(1, 2)
