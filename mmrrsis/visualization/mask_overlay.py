# Copyright (c) mmrrsis contributors.
"""Draw a mask over an image."""

import cv2
import numpy as np

#: Colours (R, G, B) that stand out from vegetation, soil, roofs and water alike.
GT_COLOR = (0, 200, 255)
PRED_COLOR = (255, 40, 120)


def draw_mask(
    image: np.ndarray, mask: np.ndarray, color: tuple[int, int, int] = PRED_COLOR, opacity: float = 0.4
) -> np.ndarray:
    """Tint the pixels of a mask and outline them.

    The outline is drawn in the colour between two dark lines, so that it is visible on bright and on dark ground.

    Args:
        image: ``(H, W, 3)`` uint8 RGB. It is not changed.
        mask: ``(H, W)`` bool. An empty mask returns the image as it is.
        color: ``(R, G, B)`` in 0..255.
        opacity: Share of the colour inside the mask, in [0, 1].

    Returns:
        ``(H, W, 3)`` uint8 RGB, a new array.

    Raises:
        TypeError: If the mask is not bool or the image not uint8.
        ValueError: If image and mask do not fit together.
    """
    if image.dtype != np.uint8:
        raise TypeError(f'`image` must be uint8 but is {image.dtype}.')
    if mask.dtype != np.bool_:
        raise TypeError(f'`mask` must be bool but is {mask.dtype}. Threshold a probability map first.')
    if image.ndim != 3 or image.shape[2] != 3 or mask.shape != image.shape[:2]:
        raise ValueError(f'`image` is {image.shape} and `mask` {mask.shape}: expected (H, W, 3) and (H, W).')
    drawn = image.copy()
    tint = np.array(color, dtype=np.float32)
    drawn[mask] = np.rint((1 - opacity) * image[mask] + opacity * tint).astype(np.uint8)
    # The outline grows with the picture: 1 pixel at 300, 3 pixels at 1000.
    thickness = max(1, round(max(mask.shape) / 350))
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, contours, -1, (0, 0, 0), thickness + 2)
    cv2.drawContours(drawn, contours, -1, color, thickness)
    return drawn
