# Copyright (c) mmrrsis contributors.
"""Locate on the reduced scene, refine at full resolution inside what was located."""

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
from rasterio.windows import Window

from .scene_options import SceneOptions
from .scene_reader import SceneReader
from .strips import Predictor, StripStream, enlarge_columns, enlarge_rows, nearest, strip_ranges, tiled_strips

# Share of a located part's side that is added on each of its sides as context.
_CONTEXT = 0.25
# Share of the longer side of the reduced scene by which outlines may be wrong there: networks see it at about a
# hundred pixels a side.
_UNCERTAIN = 0.02


def uncertain_pixels(shape: tuple[int, int]) -> int:
    """Return by how many pixels outlines on a reduced scene of ``shape`` may be wrong."""
    return max(1, round(_UNCERTAIN * max(shape)))


def grow_mask(mask: np.ndarray) -> np.ndarray:
    """Grow a mask ``(h, w)`` bool on the reduced scene by what outlines may be wrong there."""
    radius = uncertain_pixels(mask.shape)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), kernel) > 0


def _span(start: int, stop: int, reduced: int, length: int, minimum: int) -> tuple[int, int]:
    """Bring ``start..stop`` of ``reduced`` pixels to ``length``, with context and ``minimum`` pixels if there are."""
    scale = length / reduced
    context = _CONTEXT * (stop - start) * scale
    low, high = start * scale - context, stop * scale + context
    grow = max(0.0, minimum - (high - low)) / 2
    low, high = low - grow, high + grow
    # Moved inside rather than cut: a part at the border of the scene has its context on the other side.
    low, high = low - max(0.0, high - length), high + max(0.0, -low)
    return max(0, int(np.floor(low))), min(length, int(np.ceil(high)))


def locate_windows(located: np.ndarray, shape: tuple[int, int], tile: int) -> list[Window]:
    """Frame the parts of a mask on the reduced scene.

    Args:
        located: ``(h, w)`` bool, a mask on the reduced scene.
        shape: Height and width of the scene.
        tile: Minimum side of a window in pixels of the scene, where the scene is that large.

    Returns:
        Windows of the scene that do not overlap, each with the parts' surroundings; windows that would overlap are
        joined.
    """
    height, width = shape
    rows, columns = located.shape
    _, _, boxes, _ = cv2.connectedComponentsWithStats(located.astype(np.uint8), connectivity=8)
    spans = [
        (*_span(y, y + h, rows, height, tile), *_span(x, x + w, columns, width, tile))
        for x, y, w, h, _ in boxes[1:].tolist()
    ]
    joined: list[tuple[int, int, int, int]] = []
    for span in spans:
        # What a window swallows makes it larger, so that it may meet others.
        while meeting := [
            other
            for other in joined
            if span[0] < other[1] and other[0] < span[1] and span[2] < other[3] and other[2] < span[3]
        ]:
            joined = [other for other in joined if other not in meeting]
            corners = np.array([span, *meeting])
            low, high = corners.min(0), corners.max(0)
            span = int(low[0]), int(high[1]), int(low[2]), int(high[3])
        joined.append(span)
    return [Window(left, top, right - left, bottom - top) for top, bottom, left, right in sorted(joined)]


def refine_strips(
    scene: SceneReader,
    reduced: np.ndarray,
    predictor: Predictor,
    expressions: Sequence[str],
    options: SceneOptions,
    start_progress: Callable[[int], Callable[[int], None]],
) -> Iterator[tuple[int, np.ndarray]]:
    """Refine a prediction of the reduced scene.

    Which object is meant is decided on the reduced scene alone ("the leftmost pier" of a window would be another
    one): the prediction at full resolution counts only where the located mask is near; elsewhere that of the reduced
    scene stays. Windows are predicted when their first row is written, so that memory does not grow with them.

    Args:
        scene: The scene.
        reduced: ``(K, h, w)`` float32, the prediction on the reduced scene.
        predictor: The model.
        expressions: K expressions.
        options: Threshold and tiling.
        start_progress: Told the number of tiles; returns what is told whenever some are done.

    Yields:
        First row and ``(K, h', W)`` float32 of strips that follow each other.
    """
    shape, tiling = (scene.height, scene.width), options.tiling
    located = [probability > options.threshold for probability in reduced]
    near = np.stack([grow_mask(mask) for mask in located])
    windows = [
        (index, window) for index, mask in enumerate(located) for window in locate_windows(mask, shape, tiling.tile)
    ]
    sizes = [(int(window.height), int(window.width)) for _, window in windows]
    advance = start_progress(sum(tiling.count(size) for size in sizes))
    streams = [
        StripStream(tiled_strips(scene, window, predictor, [expressions[index]], tiling, advance))
        for index, window in windows
    ]
    wide = enlarge_columns(reduced, scene.width)
    columns = nearest(scene.width, reduced.shape[2], 0, scene.width)
    for start, stop in strip_ranges(scene.height):
        strip = enlarge_rows(wide, scene.height, start, stop)
        rows = nearest(scene.height, reduced.shape[1], start, stop)
        for (index, window), stream in zip(windows, streams, strict=True):
            top, bottom = max(start, window.row_off), min(stop, window.row_off + window.height)
            if top >= bottom:
                continue
            fine = stream.take(bottom - top)[0]
            here = slice(top - start, bottom - start), slice(window.col_off, window.col_off + window.width)
            refined = near[index][np.ix_(rows[here[0]], columns[here[1]])]
            strip[index][here] = np.where(refined, fine, strip[index][here])
        yield start, strip
