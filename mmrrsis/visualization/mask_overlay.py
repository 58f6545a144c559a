# Copyright (c) mmrrsis contributors.
"""Draw a mask over an image, and its sentence below."""

import textwrap

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

#: Colours (R, G, B) that stand out from vegetation, soil, roofs and water alike.
GT_COLOR = (0, 200, 255)
PRED_COLOR = (255, 40, 120)
_DPI = 100
# A band narrower than this breaks words; small images get white at their right side.
_MIN_WIDTH = 160


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


def draw_text_band(text: str, width: int, font_px: int = 14) -> np.ndarray:
    """Draw black text on a white band, wrapped to the width.

    Args:
        text: Any Unicode text that Matplotlib's font covers; ``$`` has no special meaning.
        width: Width of the band in pixels.
        font_px: Font size in pixels.

    Returns:
        ``(h, width, 3)`` uint8 RGB; ``h`` follows from the number of lines.
    """
    figure = Figure(figsize=(width / _DPI, 1), dpi=_DPI, facecolor='white')
    canvas = FigureCanvasAgg(figure)
    label = figure.text(
        0.5 * font_px / width, 0.5, '', fontsize=font_px * 72 / _DPI, va='center', linespacing=1.25, parse_math=False
    )
    # Characters differ in width: begin with the columns that narrow ones would allow and take fewer until it fits.
    for columns in range(max(1, int(width / (0.4 * font_px))), 0, -1):
        lines = textwrap.wrap(text, columns) or ['']
        label.set_text('\n'.join(lines))
        if label.get_window_extent(canvas.get_renderer()).width <= width - font_px:
            break
    figure.set_size_inches(width / _DPI, (1.35 * len(lines) + 0.7) * font_px / _DPI)
    canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())[..., :3]
    # Matplotlib truncates figure sizes to whole pixels: bring the band to the exact width.
    band = np.full((drawn.shape[0], width, 3), 255, dtype=np.uint8)
    band[:, : min(width, drawn.shape[1])] = drawn[:, :width]
    return band


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
