# Copyright (c) mmrrsis contributors.
"""SynthRS as a set on disk."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, TextIO

from mmrrsis.datasets.layouts import LAYOUTS
from mmrrsis.datasets.layouts.set_writer import NamedScene, write_set

from .scene_generator import SPLITS, SceneGenerator

_VERSION = 1  # of what the files hold; another number makes an existing set count as different

_README = """SynthRS, written by tools/dataset_converters/synthrs.py of mmrrsis in the layout of {layout}.

THIS DATA IS SYNTHETIC: rendered pictures and generated expressions. No real image is among it, and figures
measured on it are no benchmark results. They must not be compared with figures on RRSIS-D, RefSegRS or RISBench.

Settings: {settings}
The same settings give the same files. Scenes of different splits are different.
Targets of the subset 'novel_pair' (test only) have a category-colour pair that occurs nowhere else in the set.
"""


@dataclass(frozen=True)
class DatasetSettings:
    """What determines a written set.

    Attributes:
        layout: A key of :data:`~mmrrsis.datasets.layouts.LAYOUTS`.
        level: Of :class:`SceneGenerator`.
        train: Number of training scenes.
        val: Number of validation scenes.
        test: Number of test scenes.
        seed: Of :class:`SceneGenerator`.
        image_size: Height and width in pixels.

    Raises:
        ValueError: If a value is not valid.
    """

    title: ClassVar[str] = 'SynthRS'
    prefix: ClassVar[str] = 'synthrs'

    layout: str
    level: str = 'easy'
    train: int = 2000
    val: int = 200
    test: int = 300
    seed: int = 0
    image_size: int = 256

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ValueError(f'There is no layout {self.layout!r}. Choose one of {", ".join(map(repr, LAYOUTS))}.')
        for split in SPLITS:
            if getattr(self, split) < 0:
                raise ValueError(f'`{split}` is {getattr(self, split)} scenes. Use 0 or more.')
        if not any(getattr(self, split) for split in SPLITS):
            raise ValueError('All of `train`, `val` and `test` are 0 scenes. Ask for at least one scene.')
        self.generator()  # checks the others

    def generator(self) -> SceneGenerator:
        """Return the generator of the scenes."""
        return SceneGenerator(self.level, self.image_size, self.seed)

    def content(self) -> dict[str, Any]:
        """Return the settings with the version of the files."""
        return {'version': _VERSION, **asdict(self)}

    def tasks(self) -> list[tuple[str, int]]:
        """Return split and index of each scene."""
        return [(split, index) for split in SPLITS for index in range(getattr(self, split))]

    def make(self, task: tuple[str, int]) -> list[NamedScene]:
        """Return the scene of a split and an index."""
        split, index = task
        return [NamedScene(f'{split}_{index:06d}', split, self.generator().generate(index, split))]

    def readme(self) -> str:
        """Return what README.txt says."""
        return _README.format(layout=self.layout, settings=json.dumps(self.content()))


def write_dataset(out: Path, settings: DatasetSettings, workers: int = 1, progress: TextIO = sys.stdout) -> bool:
    """Write SynthRS; see :func:`~mmrrsis.datasets.layouts.set_writer.write_set`."""
    return write_set(out, settings, workers, progress)
