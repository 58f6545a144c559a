# Copyright (c) mmrrsis contributors.
"""Cover a length with overlapping tiles whose weights sum to one."""

import numpy as np


def check_tiling(tile: int, overlap: int) -> None:
    """Check the size of tiles and their overlap, in pixels.

    Raises:
        ValueError: If the tile is not positive, or the overlap negative or more than half of a tile.
    """
    if tile < 1:
        raise ValueError(f'`tile` must be 1 pixel or more but is {tile}.')
    if not 0 <= overlap <= tile // 2:
        raise ValueError(f'`overlap` must be between 0 and half of the tile, {tile // 2}, but is {overlap}.')


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """Return where tiles begin along one axis.

    The last tile is moved back so that it ends with the axis: every tile has the full size, and what it shows is
    never padded. An axis shorter than a tile is one tile of its own length.

    Args:
        length: Pixels of the axis, 1 or more.
        tile: Pixels of a tile.
        overlap: Pixels that neighbours share.

    Returns:
        First pixels, increasing from 0.
    """
    check_tiling(tile, overlap)
    last = max(0, length - tile)
    return [*range(0, last, tile - overlap), last]


def blend_weights(length: int, tile: int, overlap: int) -> np.ndarray:
    """Return the weight of each pixel of each tile along one axis.

    A tile's own weight falls linearly to its ends over the overlap, where it has the least context. The weights of
    all tiles at a pixel are then divided by their sum. Products of the weights of two axes therefore sum to one over
    all tiles of a plane.

    Args:
        length: Pixels of the axis, 1 or more.
        tile: Pixels of a tile.
        overlap: Pixels that neighbours share.

    Returns:
        ``(T, n)`` float64 above 0 for T tiles of ``n = min(tile, length)`` pixels.
    """
    starts = tile_starts(length, tile, overlap)
    size = min(tile, length)
    # Pixel centres: the first pixel is half a pixel inside. Without overlap every weight is one.
    centers = np.arange(size) + 0.5
    ramp = max(overlap, 0.5)
    own = np.minimum(np.minimum(centers, size - centers), ramp) / ramp
    total = np.zeros(length)
    for start in starts:
        total[start : start + size] += own
    return np.stack([own / total[start : start + size] for start in starts])
