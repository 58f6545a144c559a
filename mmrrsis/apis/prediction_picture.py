# Copyright (c) mmrrsis contributors.
"""Draw a prediction with its expression."""

import numpy as np

from mmrrsis.visualization import draw_mask, draw_text_band

# A band narrower than this breaks words; small images get white at their right side.
_MIN_WIDTH = 160


def draw_prediction(image: np.ndarray, mask: np.ndarray, expression: str) -> np.ndarray:
    """Draw a mask over its image and the expression below.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        mask: ``(H, W)`` bool.
        expression: The referring expression.

    Returns:
        ``(H + h, max(W, 160), 3)`` uint8 RGB; ``h`` follows from the number of lines of text.
    """
    width = max(image.shape[1], _MIN_WIDTH)
    drawn = np.pad(
        draw_mask(image, mask), ((0, 0), (0, width - image.shape[1]), (0, 0)), mode='constant', constant_values=255
    )
    return np.concatenate([drawn, draw_text_band(expression, width)])
