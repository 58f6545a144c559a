# Copyright (c) mmrrsis contributors.
"""What BTDNet's context necks hand to its decoder."""

from dataclasses import dataclass

from torch import Tensor


@dataclass
class ContextFeatures:
    """Pixels that know the words and words that know the pixels, of B samples.

    Attributes:
        levels: Maps ``V*`` of the stages after the first, each ``(B, D, H_i, W_i)``, finest first.
        finest: ``V'_1`` ``(B, C_1, H_1, W_1)``, the first stage of the encoder, as it is or as the neck changed it.
        words: ``L*`` ``(B, N, D)``; zero at padding.
        word_mask: ``(B, N)`` bool, True at real words.
        masked_words: ``L_m`` ``(B, N, D)``, the words of the expression without its key phrase, encoded without the
            image. At the key phrase it holds what the text encoder makes of padding between real words. None for
            methods that do not use it.
        masked_word_mask: ``(B, N)`` bool, True at the real words of ``masked_words``: those of ``word_mask`` less the
            key phrase.
        reference_words: ``L_0`` ``(B, N, D)``, the words of the whole expression, encoded without the image; in
            training only.
    """

    levels: tuple[Tensor, ...]
    finest: Tensor
    words: Tensor
    word_mask: Tensor
    masked_words: Tensor | None = None
    masked_word_mask: Tensor | None = None
    reference_words: Tensor | None = None
