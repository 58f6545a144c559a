# Copyright (c) mmrrsis contributors.
"""What encoders hand to necks."""

from dataclasses import dataclass

from torch import Tensor


@dataclass
class TextFeatures:
    """Features of B referring expressions.

    Attributes:
        words: ``(B, N, D_w)`` one feature per token.
        word_mask: ``(B, N)`` bool, True at real tokens.
        sentence: ``(B, D_s)`` one feature per expression; None from encoders that have words only.
        masked_words: ``(B, N, D_w)``, the words of the expression without its key phrase, encoded without the image;
            None for methods that do not use them.
        masked_word_mask: ``(B, N)`` bool, True at their real tokens.
        reference_words: ``(B, N, D_w)``, the words of the whole expression, encoded without the image and without a
            gradient; in training only, for methods that reconstruct them.
    """

    words: Tensor
    word_mask: Tensor
    sentence: Tensor | None = None
    masked_words: Tensor | None = None
    masked_word_mask: Tensor | None = None
    reference_words: Tensor | None = None


@dataclass
class VisualFeatures:
    """Features of B images.

    Attributes:
        layers: Feature maps ``(B, C_l, H_l, W_l)``, one per layer or stage of the image encoder, first layer first.
        joint: ``(B, D_s, H, W)`` the last layer in the space of the sentence feature; None from encoders whose towers
            share no space.
    """

    layers: tuple[Tensor, ...]
    joint: Tensor | None = None


@dataclass
class MultimodalFeatures:
    """Features of B images and their referring expressions.

    Attributes:
        visual: Features of the images.
        text: Features of the expressions.
    """

    visual: VisualFeatures
    text: TextFeatures
