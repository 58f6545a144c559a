# Copyright (c) mmrrsis contributors.
"""What the fusion of one stage hands out."""

from typing import NamedTuple

from torch import Tensor


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
