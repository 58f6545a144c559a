# Copyright (c) mmrrsis contributors.
"""What a segmentor expects of its encoder."""

from abc import abstractmethod

from mmengine.model import BaseModule
from torch import Tensor

from mmrrsis.structures import MultimodalFeatures, ReferringTextBatch, TextFeatures, VisualFeatures


class ReferringEncoder(BaseModule):
    """Encodes images with their expressions.

    Attributes:
        encodes_image_alone: Whether the image is encoded without the expression, so that its features serve any
            number of expressions. True for :class:`IndependentTowers` only.
    """

    encodes_image_alone = False

    @abstractmethod
    def forward(self, images: Tensor, text: ReferringTextBatch) -> MultimodalFeatures:
        """Encode B images ``(B, 3, H, W)`` and the B expressions that belong to them."""

    def encode_image(self, images: Tensor) -> VisualFeatures:
        """Encode images ``(B, 3, H, W)``, normalised as the image tower needs it.

        Raises:
            TypeError: If the encoder needs the expression to encode the image.
        """
        raise TypeError(
            f'{type(self).__name__} encodes image and expression together; its image features cannot be kept. Call '
            'the model once per expression.'
        )

    def encode_text(self, text: ReferringTextBatch) -> TextFeatures:
        """Encode a batch of expressions, tensors ``(B, N)``.

        Raises:
            TypeError: If the encoder needs the image to encode the expression.
        """
        raise TypeError(
            f'{type(self).__name__} encodes image and expression together; its text features cannot be kept. Call '
            'the model once per image.'
        )


class IndependentTowers(ReferringEncoder):
    """Encodes image and expression apart: the features of either can be kept and combined anew."""

    encodes_image_alone = True

    @abstractmethod
    def encode_image(self, images: Tensor) -> VisualFeatures:
        """Encode images ``(B, 3, H, W)``, normalised as the image tower needs it."""

    @abstractmethod
    def encode_text(self, text: ReferringTextBatch) -> TextFeatures:
        """Encode a batch of expressions, tensors ``(B, N)``."""

    def forward(self, images: Tensor, text: ReferringTextBatch) -> MultimodalFeatures:
        """Encode B images and the B expressions that belong to them."""
        return MultimodalFeatures(visual=self.encode_image(images), text=self.encode_text(text))
