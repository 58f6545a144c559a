# Copyright (c) mmrrsis contributors.
"""Rendered SynthRS scenes with their captions and referring expressions."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import mmengine
import numpy as np
from mmengine.dist import barrier, is_main_process

from mmrrsis.datasets.synthesis import SceneGenerator
from mmrrsis.datasets.synthesis.caption_writer import write_caption
from mmrrsis.registry import DATASETS

from .scene_text_dataset import SceneTextDataset

RENDERED_SIZE = 256  # pixels, before the scene is made smaller
CAPTIONS = 6  # drawn per scene
CHUNK = 100  # scenes rendered by one job


def render_chunk(
    level: str, split: str, seed: int, start: int, count: int, size: int
) -> tuple[np.ndarray, list[dict]]:
    """Render scenes ``start`` to ``start + count``.

    Returns:
        Images ``(count, size, size, 3)`` uint8 RGB, and of each its captions, regions and expressions.
    """
    cv2.setNumThreads(0)  # one process per core already
    generator = SceneGenerator(level=level, image_size=RENDERED_SIZE, seed=seed)
    images, texts = [], []
    for index in range(start, start + count):
        scene = generator.generate(index, split=split)
        rng = np.random.default_rng((seed, index))
        images.append(cv2.resize(scene.image, (size, size), interpolation=cv2.INTER_AREA))
        referred = [(scene.objects[referral.object_index], referral.expressions) for referral in scene.referrals]
        texts.append(
            dict(
                captions=[write_caption(scene.objects, scene.image.shape[:2], rng) for _ in range(CAPTIONS)],
                regions=[[float(edge) / RENDERED_SIZE for edge in item.box] for item, _ in referred],
                expressions=[list(expressions) for _, expressions in referred],
            )
        )
    return np.stack(images), texts


@DATASETS.register_module()
class SynthRSSceneTextDataset(SceneTextDataset):
    """SynthRS scenes, rendered when they are needed for the first time.

    Writes ``SPLIT_N.npy``, the images ``(N, size, size, 3)`` uint8 RGB, and the annotation file ``SPLIT_N.json`` into
    ``data_root``. ``LoadRenderedScene`` reads the images. Where several processes train, the first one renders.

    Args:
        data_root: Folder of the rendered scenes; made if it does not exist.
        split: 'train', 'val' or 'test' of SynthRS.
        scenes: Number of scenes of each level, for example ``dict(easy=13000, full=7000)``.
        image_size: Height and width in pixels.
        seed: Seed of the scenes.
        workers: Processes that render.
        pipeline: Transforms, as configs or callables.
        test_mode: See :class:`SceneTextDataset`; the choice is seeded with ``seed``.
        **kwargs: Further arguments of :class:`mmengine.dataset.BaseDataset`.

    Raises:
        ValueError: If ``data_root`` holds as many scenes of other settings.
    """

    def __init__(
        self,
        data_root: str,
        split: str,
        scenes: Mapping[str, int],
        image_size: int,
        seed: int = 0,
        workers: int = 2,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        self.split, self.scenes, self.image_size, self.seed = split, dict(scenes), image_size, seed
        self.workers = workers
        super().__init__(
            ann_file=f'{split}_{sum(scenes.values())}.json',
            data_root=str(data_root),
            pipeline=pipeline,
            test_mode=test_mode,
            text_seed=seed,
            **kwargs,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What the scenes depend on; the annotation file says it under ``settings``."""
        return dict(split=self.split, scenes=self.scenes, image_size=self.image_size, seed=self.seed)

    def load_data_list(self) -> list[dict]:
        """Render the scenes where they are missing, and read their annotations."""
        if is_main_process() and not Path(self.ann_file).exists():
            self._render()
        barrier()
        settings = json.loads(Path(self.ann_file).read_text(encoding='utf-8')).get('settings')
        if settings != self.settings:
            raise ValueError(
                f'{self.ann_file} holds scenes rendered with {settings}, but the config asks for {self.settings}. '
                'Choose another `data_root` (or work directory), or delete the file.'
            )
        return super().load_data_list()

    def _render(self) -> None:
        """Render into a memory-mapped array; the annotations come last, as a sign that it is whole."""
        ann_file = Path(self.ann_file)
        image_file = ann_file.with_suffix('.npy')
        ann_file.parent.mkdir(parents=True, exist_ok=True)
        size = self.image_size
        shape = (sum(self.scenes.values()), size, size, 3)
        images = np.lib.format.open_memmap(image_file, 'w+', np.uint8, shape)
        jobs = [
            (level, self.split, self.seed, start, min(CHUNK, count - start), size)
            for level, count in self.scenes.items()
            for start in range(0, count, CHUNK)
        ]
        entries: list[dict] = []
        progress = mmengine.ProgressBar(len(jobs))
        with ProcessPoolExecutor(self.workers) as pool:
            for chunk, texts in pool.map(render_chunk, *zip(*jobs, strict=True)):
                images[len(entries) : len(entries) + len(chunk)] = chunk
                entries += [
                    dict(img_path=image_file.name, img_index=index, **text)
                    for index, text in enumerate(texts, start=len(entries))
                ]
                progress.update()
        images.flush()
        # Not as `metainfo`, which has to be equal in all parts of a ConcatDataset.
        content = dict(metainfo={}, settings=self.settings, data_list=entries)
        ann_file.write_text(json.dumps(content), encoding='utf-8')
