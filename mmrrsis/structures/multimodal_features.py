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
        sentence: ``(B, D_s)`` one feature per expression.
    """

    words: Tensor
    word_mask: Tensor
    sentence: Tensor


@dataclass
class VisualFeatures:
    """Features of B images.

    Attributes:
        layers: Feature maps ``(B, C_l, H_l, W_l)``, one per layer or stage of the image encoder, first layer first.
        joint: ``(B, D_s, H, W)`` the last layer in the space of the sentence feature.
    """

    layers: tuple[Tensor, ...]
    joint: Tensor


@dataclass
class MultimodalFeatures:
    """Features of B images and their referring expressions.

    Attributes:
        visual: Features of the images.
        text: Features of the expressions.
    """

    visual: VisualFeatures
    text: TextFeatures
