# Copyright (c) mmrrsis contributors.
"""What a layout is: the files of one benchmark."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmrrsis.datasets.expressions import Scene


class Layout(ABC):
    """Files of one benchmark; instances hold no state, so that worker processes can share them."""

    folders: tuple[str, ...]

    @abstractmethod
    def write_scene(self, root: Path, prefix: str, name: str, split: str, scene: Scene) -> dict[str, Any]:
        """Write the pictures of a scene; return what :meth:`finish` needs of it, plain types only.

        Args:
            root: Folder of the data set.
            prefix: Name of the data set in file names, where the layout has no folder per split.
            name: Of the scene, unique in the data set.
            split: 'train', 'val' or 'test'.
            scene: The scene.
        """

    @abstractmethod
    def finish(self, root: Path, records: list[dict[str, Any]]) -> None:
        """Write what describes all scenes, whose records come in order."""


def encode_picture(suffix: str, image: np.ndarray, options: list[int] | None = None) -> bytes:
    """Return the file content of a picture ``(H, W)`` or ``(H, W, 3)`` BGR."""
    done, data = cv2.imencode(suffix, np.ascontiguousarray(image), options or [])
    if not done:
        raise OSError(f'OpenCV could not encode a {suffix} picture. Install an OpenCV that has this format.')
    return data.tobytes()
