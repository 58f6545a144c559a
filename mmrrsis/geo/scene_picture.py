# Copyright (c) mmrrsis contributors.
"""Draw the masks of a scene over a reduced view of it."""

from pathlib import Path

import cv2
import numpy as np
import rasterio
from rasterio.enums import Resampling

from mmrrsis.visualization import draw_prediction

from .mask_writer import FOREGROUND
from .scene_reader import SceneReader

#: Longer side of a view in pixels.
PICTURE_SIDE = 1024
PICTURE_EXTENSIONS = ('.png', '.jpg', '.jpeg')


def draw_scene(scene: SceneReader, mask_path: Path, expressions: list[str]) -> np.ndarray:
    """Draw one view an expression, side by side.

    Args:
        scene: The scene.
        mask_path: Its masks, one band an expression.
        expressions: K expressions.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    image, _ = scene.read_reduced(PICTURE_SIDE)
    views = []
    with rasterio.open(mask_path) as file:
        for band, expression in enumerate(expressions, start=1):
            # The mean of zeros and ones, rounded: a pixel of the view shows what most of its pixels are.
            mask = file.read(band, out_shape=image.shape[:2], resampling=Resampling.average) == FOREGROUND
            views.append(draw_prediction(image, mask, expression))
    height = max(view.shape[0] for view in views)
    # Longer expressions take more lines of text.
    filled = [
        cv2.copyMakeBorder(view, 0, height - view.shape[0], 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
        for view in views
    ]
    return np.concatenate(filled, axis=1)
