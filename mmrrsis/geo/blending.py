# Copyright (c) mmrrsis contributors.
"""Blend overlapping tiles into a plane of which only one row of tiles is in memory."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from .tiling import blend_weights, tile_starts

#: ``(top, lefts) -> probabilities (K, h, w) in the order of lefts``; None where there is nothing to predict.
PredictRow = Callable[[int, list[int]], Iterable[np.ndarray | None]]


def blend_strips(
    shape: tuple[int, int], channels: int, tile: int, overlap: int, predict_row: PredictRow
) -> Iterator[tuple[int, np.ndarray]]:
    """Blend the tiles of a plane, row of tiles by row of tiles.

    Args:
        shape: Height ``H`` and width ``W`` of the plane.
        channels: Number of expressions ``K``.
        tile: Side of a tile in pixels.
        overlap: Pixels that neighbours share.
        predict_row: Predicts the tiles of one row, given its first line and the first column of each tile. None
            counts as zeros.

    Yields:
        The first line and ``(K, h, W)`` float32 in [0, 1] of strips that follow each other without a gap.
    """
    height, width = shape
    tops, lefts = tile_starts(height, tile, overlap), tile_starts(width, tile, overlap)
    row_weights, column_weights = blend_weights(height, tile, overlap), blend_weights(width, tile, overlap)
    rows, columns = row_weights.shape[1], column_weights.shape[1]
    strip = np.zeros((channels, rows, width), dtype=np.float32)
    for top, next_top, row_weight in zip(tops, [*tops[1:], height], row_weights, strict=True):
        for left, column_weight, probability in zip(lefts, column_weights, predict_row(top, lefts), strict=True):
            if probability is not None:
                weight = (row_weight[:, None] * column_weight[None]).astype(np.float32)
                strip[:, :, left : left + columns] += probability * weight
        done = next_top - top  # no later tile reaches these lines
        # Weights sum to one up to rounding.
        yield top, np.clip(strip[:, :done], 0, 1)
        strip[:, : rows - done] = strip[:, done:].copy()
        strip[:, rows - done :] = 0
