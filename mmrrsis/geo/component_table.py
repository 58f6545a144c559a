# Copyright (c) mmrrsis contributors.
"""Follow the connected parts of a mask that arrives strip by strip."""

import cv2
import numpy as np


class ComponentTable:
    """Pixel count and mean probability of every 4-connected part of a mask, without the mask in memory.

    Parts are known by their first pixel, the leftmost of their topmost row, which is also found in their outline.
    """

    def __init__(self) -> None:
        self._parents: list[int] = []
        self._first: list[tuple[int, int]] = []
        self._pixels: list[int] = []
        self._sums: list[float] = []
        self._last_row: np.ndarray | None = None  # part of each pixel of the last row, -1 outside

    def _root(self, part: int) -> int:
        while self._parents[part] != part:
            self._parents[part] = self._parents[self._parents[part]]
            part = self._parents[part]
        return part

    def add(self, top: int, mask: np.ndarray, probability: np.ndarray) -> None:
        """Add the strip that follows the last one.

        Args:
            top: Row of the scene at which the strip begins.
            mask: ``(h, W)`` bool.
            probability: ``(h, W)`` float.
        """
        count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4, ltype=cv2.CV_32S)
        base = len(self._parents) - 1  # label 1 becomes the next part
        inside = np.flatnonzero(labels)
        label = labels.ravel()[inside]
        pixels = np.bincount(label, minlength=count)
        sums = np.bincount(label, weights=probability.ravel()[inside], minlength=count)
        first = np.zeros(count, dtype=np.int64)
        first[label[::-1]] = inside[::-1]  # the last assignment stays: the first pixel
        for part in range(1, count):
            row, column = divmod(int(first[part]), mask.shape[1])
            self._parents.append(base + part)
            self._first.append((top + row, column))
            self._pixels.append(int(pixels[part]))
            self._sums.append(float(sums[part]))
        if self._last_row is not None:
            touching = (self._last_row >= 0) & (labels[0] > 0)
            pairs = np.stack([self._last_row[touching], labels[0][touching] + base], axis=1)
            for above, below in np.unique(pairs, axis=0).tolist():
                self._join(above, below)
        self._last_row = np.where(labels[-1] > 0, labels[-1] + base, -1)

    def _join(self, one: int, other: int) -> None:
        one, other = self._root(one), self._root(other)
        if one == other:
            return
        # The part that begins first stays: its first pixel is that of both.
        if self._first[other] < self._first[one]:
            one, other = other, one
        self._parents[other] = one
        self._pixels[one] += self._pixels[other]
        self._sums[one] += self._sums[other]

    def parts(self) -> dict[tuple[int, int], tuple[int, float]]:
        """Return pixel count and mean probability of each part by (row, column) of its first pixel."""
        return {
            self._first[part]: (self._pixels[part], self._sums[part] / self._pixels[part])
            for part in range(len(self._parents))
            if self._parents[part] == part
        }

    def total(self) -> tuple[int, float]:
        """Return the pixel count of the whole mask and its mean probability, 0 for an empty mask."""
        parts = self.parts().values()
        pixels = sum(count for count, _ in parts)
        return pixels, sum(count * mean for count, mean in parts) / pixels if pixels else 0.0
