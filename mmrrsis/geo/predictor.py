# Copyright (c) mmrrsis contributors.
"""What the engine asks of a model."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Predictor(Protocol):
    """Predicts probabilities; :class:`~mmrrsis.apis.ReferringInferencer` is one.

    Attributes:
        mask_threshold: Probability above which a pixel belongs to a mask, in [0, 1].
    """

    mask_threshold: float

    def predict_probabilities(self, images: Sequence[np.ndarray], expressions: Sequence[str]) -> np.ndarray:
        """Predict for B images ``(h, w, 3)`` uint8 RGB of one size and K expressions.

        Returns:
            ``(B, K, h, w)`` float32 in [0, 1].
        """
        ...
