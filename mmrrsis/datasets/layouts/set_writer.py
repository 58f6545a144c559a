# Copyright (c) mmrrsis contributors.
"""Writes a whole set: scenes made in processes, one layout, a folder that is never half a set."""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TextIO

import cv2
from mmengine.utils import track_parallel_progress, track_progress

from mmrrsis.datasets.expressions import Scene

from . import LAYOUTS


@dataclass(frozen=True)
class NamedScene:
    """A scene with its place in the set.

    Attributes:
        name: Unique in the set; file names are made of it.
        split: 'train', 'val' or 'test'.
        scene: The scene.
    """

    name: str
    split: str
    scene: Scene


class SetRecipe(Protocol):
    """What a set is made of. Worker processes share it."""

    @property
    def title(self) -> str:
        """As messages call the set, for example 'SynthRS'."""

    @property
    def prefix(self) -> str:
        """In file names."""

    @property
    def layout(self) -> str:
        """A key of :data:`LAYOUTS`."""

    def content(self) -> dict[str, Any]:
        """Return what determines the files, as plain types; kept beside them in ``{prefix}.json``."""

    def tasks(self) -> Sequence[Any]:
        """Return what :meth:`make` takes, in the order of the set."""

    def make(self, task: Any) -> list[NamedScene]:
        """Return the scenes of one task."""

    def readme(self) -> str:
        """Return the text of README.txt."""


def _write_task(task: Any, root: Path, recipe: SetRecipe) -> list[dict[str, Any]]:
    """Make and write the scenes of one task; runs in a worker process."""
    layout = LAYOUTS[recipe.layout]
    return [
        layout.write_scene(root, recipe.prefix, found.name, found.split, found.scene) for found in recipe.make(task)
    ]


def write_set(out: Path, recipe: SetRecipe, workers: int = 1, progress: TextIO = sys.stdout) -> bool:
    """Write a data set; do nothing if it is there already.

    The files are written into a folder beside ``out`` that takes its name at the end, so that ``out`` is never half a
    data set.

    Args:
        out: Folder of the data set; its parents are made.
        recipe: What to write.
        workers: Number of processes, at least 1.
        progress: Where the progress bar goes.

    Returns:
        True if it was written, False if ``out`` already holds a set with the same content.

    Raises:
        FileExistsError: If ``out`` holds anything else.
        ValueError: If ``workers`` is less than 1.
    """
    if workers < 1:
        raise ValueError(f'`workers` is {workers}. Use 1 or more processes.')
    out = Path(out)
    content = recipe.content()
    if _is_written(out, recipe, content):
        return False
    temporary = out.with_name(f'.{out.name}.{recipe.prefix}-partial')
    shutil.rmtree(temporary, ignore_errors=True)  # of a run that was stopped
    layout = LAYOUTS[recipe.layout]
    for folder in layout.folders:
        (temporary / folder).mkdir(parents=True)
    tasks = list(recipe.tasks())
    write: Callable[[Any], list[dict[str, Any]]] = partial(_write_task, root=temporary, recipe=recipe)
    if workers == 1:
        records = track_progress(write, tasks, file=progress)
    else:
        # One thread each: the processes are the parallelism. Set before they are forked: a process that inherits
        # OpenCV's pool without its threads waits for them forever.
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            records = track_parallel_progress(write, tasks, workers, chunksize=8, file=progress)
        finally:
            cv2.setNumThreads(threads)
    layout.finish(temporary, [record for found in records for record in found])
    (temporary / 'README.txt').write_text(recipe.readme(), encoding='utf-8')
    (temporary / f'{recipe.prefix}.json').write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
    temporary.rename(out)
    return True


def _is_written(out: Path, recipe: SetRecipe, content: dict[str, Any]) -> bool:
    """Return whether ``out`` holds the set; raise if it holds anything else."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    path = out / f'{recipe.prefix}.json'
    if not path.is_file():
        raise FileExistsError(f"'{out}' exists and is not a {recipe.title} data set. Choose another --out.")
    try:
        found = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise FileExistsError(f"'{path}' cannot be read ({error}). Remove '{out}' or choose another --out.") from error
    if found == content:
        return True
    if not isinstance(found, dict):
        found = {}
    changed = ', '.join(
        f'{key} is {found.get(key)!r} there and {value!r} here'
        for key, value in content.items()
        if found.get(key) != value
    )
    raise FileExistsError(
        f"'{out}' holds {recipe.title} with other settings: {changed or 'unknown keys'}. Remove it or choose another "
        '--out.'
    )
