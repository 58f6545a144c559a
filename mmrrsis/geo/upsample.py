# Copyright (c) mmrrsis contributors.
"""Enlarge a reduced plane strip by strip."""

import numpy as np


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
    """Resize the lines of ``(K, h, W)`` bilinearly to ``height`` and return lines ``start..stop`` of them."""
    upper, lower, share = _neighbours(height, plane.shape[1], start, stop)
    share = share[:, None]
    return plane[:, upper] * (1 - share) + plane[:, lower] * share


def nearest(length: int, reduced: int, start: int, stop: int) -> np.ndarray:
    """Return for pixels ``start..stop`` of ``length`` the pixel of ``reduced`` in which their centres lie."""
    return ((np.arange(start, stop) + 0.5) * (reduced / length)).astype(np.int64).clip(0, reduced - 1)
