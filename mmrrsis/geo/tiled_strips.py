# Copyright (c) mmrrsis contributors.
"""Predict a scene, or a part of it, tile by tile."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from rasterio.windows import Window

from .blending import blend_strips
from .predictor import Predictor
from .scene_reader import SceneReader
from .tiling import tile_starts


def count_tiles(shape: tuple[int, int], tile: int, overlap: int) -> int:
    """Return how many tiles cover a plane of ``shape`` pixels."""
    rows, columns = (len(tile_starts(length, tile, overlap)) for length in shape)
    return rows * columns


def tiled_strips(
    scene: SceneReader,
    part: Window,
    predictor: Predictor,
    expressions: Sequence[str],
    tile: int,
    overlap: int,
    batch_size: int,
    advance: Callable[[int], None],
) -> Iterator[tuple[int, np.ndarray]]:
    """Predict a part of a scene with overlapping, blended tiles.

    In memory are one row of tiles as probabilities and the pixels of one batch. Tiles without any data are not
    predicted.

    Args:
        scene: The scene.
        part: The part, in pixels of the scene.
        predictor: The model.
        expressions: K expressions.
        tile: Side of a tile in pixels.
        overlap: Pixels that neighbours share.
        batch_size: Tiles in one call of the model.
        advance: Told the number of tiles whenever some are done.

    Yields:
        First line, counted from that of the part, and ``(K, h, W)`` float32 of strips that follow each other.
    """
    shape = int(part.height), int(part.width)
    height, width = (min(tile, length) for length in shape)

    def predict_row(top: int, lefts: list[int]) -> Iterator[np.ndarray | None]:
        for start in range(0, len(lefts), batch_size):
            batch = lefts[start : start + batch_size]
            read = [scene.read(Window(part.col_off + left, part.row_off + top, width, height)) for left in batch]
            images = [image for image, valid in read if valid.any()]
            answers = iter(predictor.predict_probabilities(images, expressions) if images else ())
            advance(len(batch))
            yield from (next(answers) if valid.any() else None for _, valid in read)

    yield from blend_strips(shape, len(expressions), tile, overlap, predict_row)
