# Copyright (c) mmrrsis contributors.
"""Write text into a picture."""

import textwrap

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_DPI = 100


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
