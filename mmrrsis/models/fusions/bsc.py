# Copyright (c) mmrrsis contributors.
"""Bidirectional spatial correlation, the stage fusion of BTDNet."""

from collections.abc import Sequence
from functools import reduce

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS

DIRECTIONS = ('v2l', 'l2v')


@MODELS.register_module()
class BSC(BaseModule):
    """Bidirectional spatial correlation: pixels and words gate each other, through windows of several sizes.

    BTDNet, section III-C, equations 2 to 4, with ``(x)`` the matrix and ``*`` the element-wise product::

        W_v2l = sum over k of alpha_k softmax(Q_k(window_k(V)) (x) K(L) / sqrt(d))    (H * W, N), k in {1, 3, 5}
        W_l2v = sum over k of beta_k  softmax(Q_k(window_k(L)) (x) K(V) / sqrt(d))    (N, H * W), k in {1, 2, 3}
        V' = Gate_v(W_v2l (x) L) * V + V        L' = Gate_l(W_l2v (x) V) * L + L

    A gate is a 1x1 convolution followed by an instance norm.

    What the paper leaves open:

    - Its "initial mapping" projects windows (``Q_k``) and the other modality (``K``, shared by the windows) to ``d``
      channels; affinities are scaled by ``1 / sqrt(d)`` and soft-maxed over the attended words or pixels.
    - Each ``alpha_k`` and ``beta_k`` starts at one over the number of windows.
    - A window of even length reaches one word further to the right than to the left. Beyond the border, and at
      padding words, a window holds zeros.
    - Padding words get no attention and stay as they are; the instance norm of the words is over the real ones. Both
      norms have a learnable scale and shift, at one and zero in the beginning, where they are plain instance norms.

    Projecting an unfolded window is a convolution with the window as kernel: the unfolded features are never made.

    ``directions`` chooses what is exchanged, in the names of equation 3, after which ``v2l`` (``W_v2l``, pixels attend
    to words) makes V' and ``l2v`` makes L'. "Only V2L" of Table V is therefore read as ``('v2l',)``: the words are
    returned unchanged. The text calls that row "text-augmented visual feature matching [...] removing the
    visual-to-text pathway", which is the same, though under the name L2V.

    Args:
        visual_channels: Channels ``C`` of the map.
        word_channels: Channels ``D`` of the words.
        inner_channels: Channels ``d`` in which pixels and words are compared.
        image_windows: Sides of the image windows in pixels, odd.
        text_windows: Lengths of the text windows in words.
        directions: ``v2l``, ``l2v`` or both.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If a direction is unknown, or a window is empty, repeated or, in the image, even.
    """

    def __init__(
        self,
        visual_channels: int,
        word_channels: int,
        inner_channels: int = 256,
        image_windows: Sequence[int] = (1, 3, 5),
        text_windows: Sequence[int] = (1, 2, 3),
        directions: Sequence[str] = DIRECTIONS,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self._check(image_windows, text_windows, directions)
        self.directions = tuple(directions)
        self.text_windows = tuple(text_windows)
        self.scale = inner_channels**-0.5
        # Keys and gates have no bias: the softmax and the instance norm would cancel it.
        if 'v2l' in directions:
            self.pixel_queries = nn.ModuleList(
                nn.Conv2d(visual_channels, inner_channels, k, padding=k // 2) for k in image_windows
            )
            self.word_key = nn.Linear(word_channels, inner_channels, bias=False)
            self.alpha = nn.Parameter(torch.full((len(image_windows),), 1 / len(image_windows)))
            self.visual_gate = nn.Linear(word_channels, visual_channels, bias=False)
            self.visual_norm = nn.InstanceNorm2d(visual_channels, affine=True)
        if 'l2v' in directions:
            self.word_queries = nn.ModuleList(nn.Conv1d(word_channels, inner_channels, k) for k in text_windows)
            self.pixel_key = nn.Linear(visual_channels, inner_channels, bias=False)
            self.beta = nn.Parameter(torch.full((len(text_windows),), 1 / len(text_windows)))
            self.word_gate = nn.Linear(visual_channels, word_channels, bias=False)
            self.word_norm = MaskedInstanceNorm(word_channels)

    @staticmethod
    def _check(image_windows: Sequence[int], text_windows: Sequence[int], directions: Sequence[str]) -> None:
        if not directions or isinstance(directions, str) or not set(directions) <= set(DIRECTIONS):
            raise ValueError(f'directions={directions!r} of BSC must list one or both of {DIRECTIONS}.')
        if not image_windows or any(k < 1 or k % 2 == 0 for k in image_windows):
            raise ValueError(f'image_windows={image_windows!r} of BSC must be odd, so that each has a centre pixel.')
        if not text_windows or any(k < 1 for k in text_windows):
            raise ValueError(f'text_windows={text_windows!r} of BSC must be one or more words long.')
        for name, windows in (('image_windows', image_windows), ('text_windows', text_windows)):
            if len(set(windows)) != len(windows):
                raise ValueError(f'{name}={windows!r} of BSC names a window twice. Name each once.')

    def forward(self, visual: Tensor, words: Tensor, word_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Fuse one stage.

        Args:
            visual: ``(B, C, H, W)``, more than one pixel.
            words: ``(B, N, D)``.
            word_mask: ``(B, N)`` bool, True at real words.

        Returns:
            V' ``(B, C, H, W)`` and L' ``(B, N, D)``, residuals included. A direction that is left out returns its
            input.
        """
        # masked_fill, not multiplication: padding may hold NaN, and NaN * 0 is NaN.
        real_words = words.masked_fill(~word_mask.unsqueeze(-1), 0)
        pixels = visual.flatten(2).transpose(1, 2)  # (B, H * W, C)
        fused_visual, fused_words = visual, words
        if 'v2l' in self.directions:
            weights = self._pixel_to_word(visual, real_words, word_mask)  # (B, H * W, N)
            # The 1x1 convolution commutes with the weighted sum and goes first: words are fewer than pixels.
            gate = weights @ self.visual_gate(real_words)  # (B, H * W, C)
            fused_visual = self.visual_norm(gate.transpose(1, 2).reshape(visual.shape)) * visual + visual
        if 'l2v' in self.directions:
            weights = self._word_to_pixel(real_words, pixels)  # (B, N, H * W)
            gate = self.word_norm(self.word_gate(weights @ pixels), word_mask)
            fused_words = gate * real_words + words
        return fused_visual, fused_words

    def _pixel_to_word(self, visual: Tensor, words: Tensor, word_mask: Tensor) -> Tensor:
        """Compute ``W_v2l`` of equation 3, ``(B, H * W, N)``."""
        keys = self.word_key(words).transpose(1, 2) * self.scale  # (B, d, N)
        padding = ~word_mask[:, None, :]
        weights = []
        for alpha, query in zip(self.alpha, self.pixel_queries, strict=True):
            affinity = query(visual).flatten(2).transpose(1, 2) @ keys
            affinity = affinity.masked_fill(padding, torch.finfo(affinity.dtype).min)
            weights.append(alpha * affinity.softmax(-1))
        return reduce(torch.add, weights)

    def _word_to_pixel(self, words: Tensor, pixels: Tensor) -> Tensor:
        """Compute ``W_l2v`` of equation 3, ``(B, N, H * W)``; ``words`` are zero at padding."""
        keys = self.pixel_key(pixels).transpose(1, 2) * self.scale  # (B, d, H * W)
        channels_first = words.transpose(1, 2)
        weights = []
        for k, beta, query in zip(self.text_windows, self.beta, self.word_queries, strict=True):
            windows = F.pad(channels_first, ((k - 1) // 2, k // 2))
            weights.append(beta * (query(windows).transpose(1, 2) @ keys).softmax(-1))
        return reduce(torch.add, weights)


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
