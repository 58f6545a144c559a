# Copyright (c) mmrrsis contributors.
"""A photograph with the outlines of its objects."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: Parts of an object's outline, each ``(N, 2)`` float: x and y in pixels of the photograph.
Outline = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Instance:
    """One annotated object.

    Attributes:
        category: One of RRSIS-D's names.
        outline: Its parts.
    """

    category: str
    outline: Outline

    @property
    def box(self) -> tuple[float, float, float, float]:
        """``(x0, y0, x1, y1)`` around the outline."""
        points = np.concatenate(self.outline)
        (x0, y0), (x1, y1) = points.min(0), points.max(0)
        return float(x0), float(y0), float(x1), float(y1)


@dataclass(frozen=True, eq=False)
class Photograph:
    """An annotated photograph.

    Attributes:
        path: Its file.
        width: In pixels.
        height: In pixels.
        instances: What is annotated.
    """

    path: Path
    width: int
    height: int
    instances: tuple[Instance, ...]
