# Copyright (c) mmrrsis contributors.
"""Predict a scene as strips that follow each other from top to bottom, so that memory does not grow with its height.

A strip is a pair of its first row and ``(K, h, W)`` float32 probabilities of K expressions; strips have no gaps.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from rasterio.windows import Window

from .scene_reader import SceneReader
from .tiling import Tiling, blend_strips

#: Longer side of the reduced scene in pixels. Networks take less than half of it as input.
WHOLE_SIDE = 2048
#: Rows of a strip that is enlarged at once.
STRIP_ROWS = 512


class Predictor(Protocol):
    """What is needed of a model; :class:`~mmrrsis.apis.ReferringInferencer` is one.

    Attributes:
        mask_threshold: Probability above which a pixel belongs to a mask, in [0, 1].
    """

    mask_threshold: float

    def predict_probabilities(self, images: Sequence[np.ndarray], expressions: Sequence[str]) -> np.ndarray:
        """Predict for B images ``(h, w, 3)`` uint8 RGB of one size and K expressions.

        Returns:
            ``(B, K, h, w)`` float32 in [0, 1].
        """
        ...

    def check_words(self, expressions: Sequence[str], force: bool) -> Sequence[str]:
        """Tell what the model will not understand of expressions, before it is asked.

        Args:
            expressions: The expressions.
            force: Let expressions through whose object the model does not know.

        Returns:
            Sentences to show; none if all is well.

        Raises:
            ValueError: If the model does not know the object of an expression.
        """
        ...


def tiled_strips(
    scene: SceneReader,
    part: Window,
    predictor: Predictor,
    expressions: Sequence[str],
    tiling: Tiling,
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
        tiling: The tiles.
        advance: Told the number of tiles whenever some are done.

    Yields:
        First row, counted from that of the part, and ``(K, h, W)`` float32 of strips that follow each other.
    """
    shape = int(part.height), int(part.width)
    height, width = (min(tiling.tile, length) for length in shape)

    def predict_row(top: int, lefts: list[int]) -> Iterator[np.ndarray | None]:
        for start in range(0, len(lefts), tiling.batch_size):
            batch = lefts[start : start + tiling.batch_size]
            read = [scene.read(Window(part.col_off + left, part.row_off + top, width, height)) for left in batch]
            images = [image for image, valid in read if valid.any()]
            answers = iter(predictor.predict_probabilities(images, expressions) if images else ())
            advance(len(batch))
            yield from (next(answers) if valid.any() else None for _, valid in read)

    yield from blend_strips(shape, len(expressions), tiling, predict_row)


def predict_whole(scene: SceneReader, predictor: Predictor, expressions: Sequence[str]) -> np.ndarray:
    """Predict the reduced scene.

    Args:
        scene: The scene.
        predictor: The model.
        expressions: K expressions.

    Returns:
        ``(K, h, w)`` float32; ``h`` and ``w`` are those of the scene, reduced to at most ``WHOLE_SIDE``.
    """
    image, valid = scene.read_reduced(WHOLE_SIDE)
    if not valid.any():
        return np.zeros((len(expressions), *valid.shape), dtype=np.float32)
    return predictor.predict_probabilities([image], expressions)[0]


def whole_strips(reduced: np.ndarray, shape: tuple[int, int]) -> Iterator[tuple[int, np.ndarray]]:
    """Enlarge a reduced prediction ``(K, h, w)`` bilinearly to ``shape``, strip by strip.

    Yields:
        First row and ``(K, h', W)`` float32 of strips that follow each other.
    """
    height, width = shape
    wide = enlarge_columns(reduced, width)
    for start, stop in strip_ranges(height):
        yield start, enlarge_rows(wide, height, start, stop)


def strip_ranges(height: int) -> Iterator[tuple[int, int]]:
    """Yield the first row, and the row after the last, of strips of at most ``STRIP_ROWS`` rows."""
    for start in range(0, height, STRIP_ROWS):
        yield start, min(start + STRIP_ROWS, height)


def _neighbours(length: int, reduced: int, start: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for pixels ``start..stop`` of ``length`` the two nearest of ``reduced`` and the share of the second."""
    position = np.clip((np.arange(start, stop) + 0.5) * (reduced / length) - 0.5, 0, reduced - 1)
    lower = position.astype(np.int64)
    return lower, np.minimum(lower + 1, reduced - 1), (position - lower).astype(np.float32)


def enlarge_columns(plane: np.ndarray, width: int) -> np.ndarray:
    """Resize the columns of ``(K, h, w)`` bilinearly to ``(K, h, width)``, half-pixel centres kept."""
    left, right, share = _neighbours(width, plane.shape[2], 0, width)
    return plane[:, :, left] * (1 - share) + plane[:, :, right] * share


def enlarge_rows(plane: np.ndarray, height: int, start: int, stop: int) -> np.ndarray:
    """Resize the rows of ``(K, h, W)`` bilinearly to ``height`` and return rows ``start..stop`` of them."""
    upper, lower, share = _neighbours(height, plane.shape[1], start, stop)
    share = share[:, None]
    return plane[:, upper] * (1 - share) + plane[:, lower] * share


def nearest(length: int, reduced: int, start: int, stop: int) -> np.ndarray:
    """Return for pixels ``start..stop`` of ``length`` the pixel of ``reduced`` in which their centres lie."""
    return ((np.arange(start, stop) + 0.5) * (reduced / length)).astype(np.int64).clip(0, reduced - 1)


class StripStream:
    """Serve consecutive rows of a plane that arrives strip by strip; what is taken is forgotten.

    Args:
        strips: Pairs of first row and ``(K, h, W)``, following each other from row 0 without a gap.
    """

    def __init__(self, strips: Iterable[tuple[int, np.ndarray]]) -> None:
        self._strips = iter(strips)
        self._waiting: np.ndarray | None = None

    def take(self, count: int) -> np.ndarray:
        """Return the next ``count`` rows, ``(K, count, W)``.

        Raises:
            StopIteration: If the strips end before.
        """
        parts, missing = [], count
        while missing:
            if self._waiting is None:
                self._waiting = next(self._strips)[1]
            part, rest = self._waiting[:, :missing], self._waiting[:, missing:]
            parts.append(part)
            missing -= part.shape[1]
            self._waiting = rest if rest.shape[1] else None
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
