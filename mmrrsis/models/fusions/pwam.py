# Copyright (c) mmrrsis contributors.
"""PWAM, the stage fusion of LAVT."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS

from .fused_stage import FusedStage, TanhGate


def normalize_pixels(pixels: Tensor) -> Tensor:
    """Instance norm without scale and shift: each channel of ``(B, H * W, C)`` over the pixels of its image."""
    return F.instance_norm(pixels.transpose(1, 2)).transpose(1, 2)


@MODELS.register_module()
class PWAM(BaseModule):
    """Pixel-word attention module: each pixel gathers the words that concern it; the words stay as they are.

    LAVT (Yang et al., "LAVT: Language-Aware Vision Transformer for Referring Image Segmentation", CVPR 2022), sections
    3.2 and 3.3, with ``IN`` the instance norm without scale and shift, ``*`` the element-wise product and ``C`` the
    channels of the map::

        G = IN(W_w(softmax(IN(W_q(V)) K(L)^T / sqrt(C)) Val(L)))        attended words of each pixel
        F = GELU(W_o(GELU(W_m(V)) * G))                                 what the decoder reads
        V' = V + tanh(W_2 relu(W_1 F)) * F                              what the next stage reads

    With the official weights the results are those of the official code. Two things follow it where the paper is
    silent: with several heads the affinities are still divided by ``sqrt(C)``, not by the root of a head's channels,
    and padding words get no attention.

    ``W_q``, ``K``, ``Val`` and ``W_w`` have biases there and none here: the instance norms and the softmax cancel
    them. The gate ``W_1``, ``W_2`` of the last stage leads nowhere in an encoder whose decoder reads ``F``; LAVT has
    it too.

    Args:
        visual_channels: Channels ``C`` of the map.
        word_channels: Channels ``D`` of the words.
        num_heads: Attention heads; 1 is LAVT's.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If the heads cannot share the channels.
    """

    def __init__(
        self, visual_channels: int, word_channels: int, num_heads: int = 1, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        if num_heads < 1 or visual_channels % num_heads:
            raise ValueError(
                f'num_heads={num_heads} of {type(self).__name__} cannot share {visual_channels} channels. Choose a '
                'divisor of the channels of every stage.'
            )
        self.num_heads = num_heads
        self.scale = visual_channels**-0.5
        self.query = nn.Linear(visual_channels, visual_channels, bias=False)
        self.key = nn.Linear(word_channels, visual_channels, bias=False)
        self.value = nn.Linear(word_channels, visual_channels, bias=False)
        self.attended = nn.Linear(visual_channels, visual_channels, bias=False)
        self.visual = nn.Linear(visual_channels, visual_channels)
        self.merge = nn.Linear(visual_channels, visual_channels)
        self.language_gate = TanhGate(visual_channels)

    def forward(self, visual: Tensor, words: Tensor, word_mask: Tensor) -> FusedStage:
        """Fuse one stage.

        Args:
            visual: ``(B, C, H, W)``, more than one pixel.
            words: ``(B, N, D)``.
            word_mask: ``(B, N)`` bool, True at real words.

        Returns:
            ``V'`` for the next stage, the words unchanged, ``F`` for the decoder.
        """
        pixels = visual.flatten(2).transpose(1, 2)  # (B, H * W, C)
        # masked_fill, not multiplication: padding may hold NaN, and NaN * 0 is NaN.
        gathered = self.attend(pixels, words.masked_fill(~word_mask.unsqueeze(-1), 0), word_mask)
        fused = F.gelu(self.merge(F.gelu(self.visual(pixels)) * gathered))
        output, residual = (
            feature.transpose(1, 2).reshape(visual.shape) for feature in (fused, self.language_gate(fused))
        )
        return FusedStage(visual + residual, words, output)

    def attend(self, pixels: Tensor, words: Tensor, word_mask: Tensor) -> Tensor:
        """Gather words for pixels ``(B, H * W, C)``; ``words`` ``(B, N, D)`` are zero at padding.

        Returns:
            ``G`` ``(B, H * W, C)``.
        """
        queries, keys, values = (
            feature.unflatten(2, (self.num_heads, -1)).transpose(1, 2)  # (B, heads, H * W or N, C / heads)
            for feature in (normalize_pixels(self.query(pixels)), self.key(words), self.value(words))
        )
        affinity = (queries * self.scale) @ keys.transpose(2, 3)  # (B, heads, H * W, N)
        affinity = affinity.masked_fill(~word_mask[:, None, None, :], torch.finfo(affinity.dtype).min)
        gathered = (affinity.softmax(-1) @ values).transpose(1, 2).flatten(2)
        return normalize_pixels(self.attended(gathered))
