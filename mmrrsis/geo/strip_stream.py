# Copyright (c) mmrrsis contributors.
"""Take lines in any portions from strips that come in their own."""

from collections.abc import Iterable

import numpy as np


class StripStream:
    """Serve consecutive lines of a plane that arrives strip by strip; what is taken is forgotten.

    Args:
        strips: Pairs of first line and ``(K, h, W)``, following each other from line 0 without a gap.
    """

    def __init__(self, strips: Iterable[tuple[int, np.ndarray]]) -> None:
        self._strips = iter(strips)
        self._waiting: np.ndarray | None = None

    def take(self, count: int) -> np.ndarray:
        """Return the next ``count`` lines, ``(K, count, W)``.

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
