# Copyright (c) mmrrsis contributors.
"""Write the files that a person downloads."""

import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from rasterio.windows import Window

from mmrrsis.geo import SceneReader, segment_scene
from mmrrsis.geo.strips import whole_strips

from .segmentation import Segmentation

# Characters of a file name that come from the image's name and from an expression.
_MAX_STEM = 60
_MAX_TEXT = 40


class _KeptProbabilities:
    """Answers with probabilities that exist already, so that a scene is written without the model."""

    def __init__(self, probabilities: np.ndarray, threshold: float) -> None:
        self.probabilities = probabilities
        self.mask_threshold = threshold

    def predict_probabilities(self, images: Sequence[np.ndarray], expressions: Sequence[str]) -> np.ndarray:
        return self.probabilities[None]

    def check_words(self, expressions: Sequence[str], force: bool) -> Sequence[str]:
        return ()  # they were checked when the probabilities were made


def _file_name(text: str, longest: int) -> str:
    """Turn a text into a part of a file name."""
    return re.sub(r'[^\w.-]+', '_', text).strip('_.')[:longest] or 'image'


def write_exports(segmentation: Segmentation, threshold: float, folder: str | Path) -> list[Path]:
    """Write the masks at a threshold, in the full size of the image.

    A georeferenced image gives ``NAME_mask.tif`` (one band per expression, 1 inside) and ``NAME_mask.geojson``
    (polygons in EPSG:4326), the files that ``mmrrsis segment --mode whole`` writes. Others give one
    ``NAME_mask_NUMBER_TEXT.png`` per expression, 255 inside.

    Args:
        segmentation: A run of the model.
        threshold: A pixel belongs to a mask when its probability is above this, in [0, 1].
        folder: Where to write; it exists.

    Returns:
        The files.

    Raises:
        ValueError: If polygons have no area because the CRS is neither geographic nor projected.
        OSError: If the disk is full.
    """
    source, folder = segmentation.source, Path(folder)
    name = _file_name(source.path.stem, _MAX_STEM)
    if source.crs is not None:
        files = [folder / f'{name}_mask.tif', folder / f'{name}_mask.geojson']
        predictor = _KeptProbabilities(segmentation.probabilities, threshold)
        segment_scene(
            predictor,
            source.path,
            segmentation.expressions,
            mask=files[0],
            vector=files[1],
            mode='whole',
            threshold=threshold,
            show_progress=False,
        )
        return files
    valid = np.ones((source.height, source.width), dtype=bool)
    if source.is_tiff:
        with SceneReader(source.path) as scene:
            valid = scene.read_valid(Window(0, 0, source.width, source.height))
    files = []
    for number, (expression, probability) in enumerate(
        zip(segmentation.expressions, segmentation.probabilities, strict=True), start=1
    ):
        full = [strip[0] for _, strip in whole_strips(probability[None], (source.height, source.width))]
        mask = np.concatenate(full) > threshold
        mask &= valid
        path = folder / f'{name}_mask_{number}_{_file_name(expression, _MAX_TEXT)}.png'
        encoded = cv2.imencode('.png', mask.astype(np.uint8) * 255)[1]
        path.write_bytes(encoded.tobytes())
        files.append(path)
    return files
