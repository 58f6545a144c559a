# Copyright (c) mmrrsis contributors.
"""What encoders hand to necks, and context necks to decode heads."""

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


@dataclass
class ContextFeatures:
    """What BTDNet's context necks hand to its decoder: pixels that know the words, words that know the pixels.

    Attributes:
        levels: Maps ``V*`` of the stages after the first, each ``(B, D, H_i, W_i)``, finest first.
        finest: ``V'_1`` ``(B, C_1, H_1, W_1)``, the first stage of the encoder, as it is or as the neck changed it.
        text: In ``words`` ``L*`` ``(B, N, D)``, zero at padding; in ``masked_words`` ``L_m``, the words of the
            expression without its key phrase, which hold at the key phrase what the text encoder makes of padding
            between real words; in ``reference_words`` ``L_0``, the words of the whole expression.
    """

    levels: tuple[Tensor, ...]
    finest: Tensor
    text: TextFeatures
