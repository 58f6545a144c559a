# Copyright (c) mmrrsis contributors.
"""Cover a scene with overlapping tiles and blend what is predicted for them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

#: ``(top, lefts) -> probabilities (K, h, w) in the order of lefts``; None where there is nothing to predict.
PredictRow = Callable[[int, list[int]], Iterable[np.ndarray | None]]


@dataclass(frozen=True)
class Tiling:
    """How a scene is cut into overlapping tiles, and how many of them a model gets at once.

    Attributes:
        tile: Side of a tile in pixels, 1 or more.
        overlap: Pixels that neighbouring tiles share, from 0 to half of a tile.
        batch_size: Tiles in one call of the model, 1 or more.

    Raises:
        ValueError: If one of them is out of range.
    """

    tile: int = 512
    overlap: int = 128
    batch_size: int = 4

    def __post_init__(self) -> None:
        if self.tile < 1:
            raise ValueError(
                f'`tile` must be 1 pixel or more but is {self.tile}. Take about the pixels that cover as much ground '
                'as a training image.'
            )
        if not 0 <= self.overlap <= self.tile // 2:
            raise ValueError(
                f'`overlap` must be between 0 and half of the tile, {self.tile // 2}, but is {self.overlap}. Change '
                '`overlap` or enlarge `tile`.'
            )
        if self.batch_size < 1:
            raise ValueError(
                f'`batch_size` must be 1 or more but is {self.batch_size}. A batch of 1 takes the least memory.'
            )

    def starts(self, length: int) -> list[int]:
        """Return where tiles begin along one axis.

        The last tile is moved back so that it ends with the axis: every tile has the full size, and what it shows is
        never padded. An axis shorter than a tile is one tile of its own length.

        Args:
            length: Pixels of the axis, 1 or more.

        Returns:
            First pixels, increasing from 0.
        """
        last = max(0, length - self.tile)
        return [*range(0, last, self.tile - self.overlap), last]

    def weights(self, length: int) -> np.ndarray:
        """Return the weight of each pixel of each tile along one axis.

        A tile's own weight falls linearly to its ends over the overlap, where it has the least context. The weights
        of all tiles at a pixel are then divided by their sum. Products of the weights of two axes therefore sum to
        one over all tiles of a plane.

        Args:
            length: Pixels of the axis, 1 or more.

        Returns:
            ``(T, n)`` float64 above 0 for T tiles of ``n = min(tile, length)`` pixels.
        """
        starts = self.starts(length)
        size = min(self.tile, length)
        # Pixel centres: the first pixel is half a pixel inside. Without overlap every weight is one.
        centers = np.arange(size) + 0.5
        ramp = max(self.overlap, 0.5)
        own = np.minimum(np.minimum(centers, size - centers), ramp) / ramp
        total = np.zeros(length)
        for start in starts:
            total[start : start + size] += own
        return np.stack([own / total[start : start + size] for start in starts])

    def count(self, shape: tuple[int, int]) -> int:
        """Return how many tiles cover a plane of ``shape`` pixels."""
        height, width = shape
        return len(self.starts(height)) * len(self.starts(width))


def blend_strips(
    shape: tuple[int, int], channels: int, tiling: Tiling, predict_row: PredictRow
) -> Iterator[tuple[int, np.ndarray]]:
    """Blend the tiles of a plane, of which only one row of tiles is in memory.

    Args:
        shape: Height ``H`` and width ``W`` of the plane.
        channels: Number of expressions ``K``.
        tiling: Size and overlap of the tiles.
        predict_row: Predicts one row of tiles, given its first row of pixels and the first column of each tile. None
            counts as zeros.

    Yields:
        The first row and ``(K, h, W)`` float32 in [0, 1] of strips that follow each other without a gap.
    """
    height, width = shape
    tops, lefts = tiling.starts(height), tiling.starts(width)
    row_weights, column_weights = tiling.weights(height), tiling.weights(width)
    rows, columns = row_weights.shape[1], column_weights.shape[1]
    strip = np.zeros((channels, rows, width), dtype=np.float32)
    for top, next_top, row_weight in zip(tops, [*tops[1:], height], row_weights, strict=True):
        for left, column_weight, probability in zip(lefts, column_weights, predict_row(top, lefts), strict=True):
            if probability is not None:
                weight = (row_weight[:, None] * column_weight[None]).astype(np.float32)
                strip[:, :, left : left + columns] += probability * weight
        done = next_top - top  # no later tile reaches these rows
        # Weights sum to one up to rounding.
        yield top, np.clip(strip[:, :done], 0, 1)
        strip[:, : rows - done] = strip[:, done:].copy()
        strip[:, rows - done :] = 0
