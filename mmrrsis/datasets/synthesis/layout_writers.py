# Copyright (c) mmrrsis contributors.
"""Writes SynthRS to disk in the layouts of RRSIS-D, RefSegRS and RISBench."""

import json
import pickle
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np
from mmengine.utils import track_parallel_progress, track_progress
from pycocotools import mask as coco_mask

from .category_catalog import RRSISD_CATEGORIES
from .scene import Scene
from .scene_generator import SPLITS, SceneGenerator

#: The file that holds the settings of a written set.
SETTINGS_NAME = 'synthrs.json'

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
        layout: A key of :data:`LAYOUTS`.
        level: Of :class:`SceneGenerator`.
        train: Number of training scenes.
        val: Number of validation scenes.
        test: Number of test scenes.
        seed: Of :class:`SceneGenerator`.
        image_size: Height and width in pixels.

    Raises:
        ValueError: If a value is not valid.
    """

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


class _Layout(ABC):
    """Files of one data set; instances hold no state, so that worker processes can share them."""

    folders: tuple[str, ...]

    @abstractmethod
    def write_scene(self, root: Path, split: str, index: int, scene: Scene) -> dict[str, Any]:
        """Write the pictures of a scene; return what :meth:`finish` needs of it, plain types only."""

    @abstractmethod
    def finish(self, root: Path, records: list[dict[str, Any]]) -> None:
        """Write what describes all scenes, whose records come in order."""


class _RrsisdLayout(_Layout):
    """Refs as a pickle, COCO instances, JPEG images."""

    folders = ('rrsisd', 'images/rrsisd/JPEGImages')

    def write_scene(self, root: Path, split: str, index: int, scene: Scene) -> dict[str, Any]:
        name = f'synthrs_{split}_{index:06d}.jpg'
        data = _encode('.jpg', scene.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        (root / self.folders[1] / name).write_bytes(data)
        referrals = []
        for referral in scene.referrals:
            found = scene.objects[referral.object_index]
            rle = coco_mask.encode(np.asfortranarray(found.mask.astype(np.uint8)))
            x0, y0, x1, y1 = found.box
            referrals.append(
                dict(
                    category=found.category,
                    expressions=list(referral.expressions),
                    segmentation=[dict(size=[int(n) for n in rle['size']], counts=rle['counts'].decode('ascii'))],
                    area=found.area,
                    bbox=[x0, y0, x1 - x0, y1 - y0],
                )
            )
        height, width = scene.image.shape[:2]
        return dict(file_name=name, height=height, width=width, split=split, subset=scene.subset, referrals=referrals)

    def finish(self, root: Path, records: list[dict[str, Any]]) -> None:
        category_ids = {name: i for i, name in enumerate(RRSISD_CATEGORIES, start=1)}
        refs: list[dict[str, Any]] = []
        images, annotations = [], []
        sentence_count = 0
        for image_id, record in enumerate(records, start=1):
            images.append(
                dict(id=image_id, file_name=record['file_name'], height=record['height'], width=record['width'])
            )
            for referral in record['referrals']:
                number = len(refs) + 1  # one annotation per ref: both have the same number
                category_id = category_ids[referral['category']]
                annotations.append(
                    dict(
                        id=number,
                        image_id=image_id,
                        category_id=category_id,
                        segmentation=referral['segmentation'],
                        area=referral['area'],
                        bbox=referral['bbox'],
                        iscrowd=0,
                    )
                )
                sentences = []
                for raw in referral['expressions']:
                    plain = raw.lower().replace(',', '').rstrip('.')
                    sentences.append(dict(tokens=plain.split(), raw=raw, sent_id=sentence_count, sent=plain))
                    sentence_count += 1
                refs.append(
                    dict(
                        ref_id=number,
                        ann_id=number,
                        category_id=category_id,
                        image_id=image_id,
                        file_name=record['file_name'],
                        split=record['split'],
                        sent_ids=[sentence['sent_id'] for sentence in sentences],
                        sentences=sentences,
                        subset=record['subset'],
                    )
                )
        categories = [dict(id=i, name=name) for name, i in category_ids.items()]
        instances = dict(images=images, annotations=annotations, categories=categories)
        (root / 'rrsisd/instances.json').write_text(json.dumps(instances), encoding='utf-8')
        (root / 'rrsisd/refs(unc).p').write_bytes(pickle.dumps(refs, protocol=4))


class _PhraseListLayout(_Layout):
    """Lines of ``<id> <phrase>``; image and mask are files named by the id."""

    def __init__(self, images: str, masks: str, suffix: str, with_suffix: bool) -> None:
        self.folders = (images, masks)
        self.suffix = suffix
        self.with_suffix = with_suffix

    def write_scene(self, root: Path, split: str, index: int, scene: Scene) -> dict[str, Any]:
        image = _encode(self.suffix, scene.image[..., ::-1])
        referrals = []
        for number, referral in enumerate(scene.referrals):
            # the id names the mask and the image, so each target has a copy of the image
            name = f'{split}_{index:06d}_{number}'
            mask = scene.objects[referral.object_index].mask.astype(np.uint8) * 255
            (root / self.folders[0] / f'{name}{self.suffix}').write_bytes(image)
            (root / self.folders[1] / f'{name}{self.suffix}').write_bytes(_encode(self.suffix, mask))
            name = name + self.suffix if self.with_suffix else name
            referrals.append(dict(name=name, expressions=list(referral.expressions)))
        return dict(split=split, subset=scene.subset, referrals=referrals)

    def finish(self, root: Path, records: list[dict[str, Any]]) -> None:
        lines: dict[str, list[str]] = {split: [] for split in SPLITS}
        novel: list[str] = []
        for record in records:
            for referral in record['referrals']:
                lines[record['split']] += [f'{referral["name"]} {text}' for text in referral['expressions']]
                if record['subset'] == 'novel_pair':
                    novel.append(referral['name'])
        for split, content in lines.items():
            _write_lines(root / f'output_phrase_{split}.txt', content)
        _write_lines(root / 'novel_pair_test.txt', novel)


#: How each layout is written.
LAYOUTS: Mapping[str, _Layout] = {
    'rrsisd': _RrsisdLayout(),
    'refsegrs': _PhraseListLayout('images', 'masks', '.tif', with_suffix=False),
    'risbench': _PhraseListLayout('img_rgb', 'mask', '.png', with_suffix=True),
}


def _encode(suffix: str, image: np.ndarray, options: list[int] | None = None) -> bytes:
    """Return the file content of a picture ``(H, W)`` or ``(H, W, 3)`` BGR."""
    done, data = cv2.imencode(suffix, np.ascontiguousarray(image), options or [])
    if not done:
        raise OSError(f'OpenCV could not encode a {suffix} picture. Install an OpenCV that has this format.')
    return data.tobytes()


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text(''.join(f'{line}\n' for line in lines), encoding='utf-8')


def _write_scene(task: tuple[str, int], root: Path, settings: DatasetSettings) -> dict[str, Any]:
    """Make and write one scene; runs in a worker process."""
    split, index = task
    scene = settings.generator().generate(index, split)
    return LAYOUTS[settings.layout].write_scene(root, split, index, scene)


def write_dataset(out: Path, settings: DatasetSettings, workers: int = 1, progress: TextIO = sys.stdout) -> bool:
    """Write a data set; do nothing if it is there already.

    The files are written into a folder beside ``out`` that takes its name at the end, so that ``out`` is never half a
    data set.

    Args:
        out: Folder of the data set; its parents are made.
        settings: What to write.
        workers: Number of processes, at least 1.
        progress: Where the progress bar goes.

    Returns:
        True if it was written, False if ``out`` already holds a set with the same settings.

    Raises:
        FileExistsError: If ``out`` holds anything else.
        ValueError: If ``workers`` is less than 1.
    """
    if workers < 1:
        raise ValueError(f'`workers` is {workers}. Use 1 or more processes.')
    out = Path(out)
    content = {'version': _VERSION, **asdict(settings)}
    if _is_written(out, content):
        return False
    temporary = out.with_name(f'.{out.name}.synthrs-partial')
    shutil.rmtree(temporary, ignore_errors=True)  # of a run that was stopped
    layout = LAYOUTS[settings.layout]
    for folder in layout.folders:
        (temporary / folder).mkdir(parents=True)
    tasks = [(split, index) for split in SPLITS for index in range(getattr(settings, split))]
    write = partial(_write_scene, root=temporary, settings=settings)
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
    layout.finish(temporary, records)
    readme = _README.format(layout=settings.layout, settings=json.dumps(content))
    (temporary / 'README.txt').write_text(readme, encoding='utf-8')
    (temporary / SETTINGS_NAME).write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
    temporary.rename(out)
    return True


def _is_written(out: Path, content: dict[str, Any]) -> bool:
    """Return whether ``out`` holds the set; raise if it holds anything else."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    path = out / SETTINGS_NAME
    if not path.is_file():
        raise FileExistsError(f"'{out}' exists and is not a SynthRS data set. Choose another --out.")
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
        f"'{out}' holds SynthRS with other settings: {changed or 'unknown keys'}. Remove it or choose another --out."
    )
