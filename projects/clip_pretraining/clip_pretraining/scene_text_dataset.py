# Copyright (c) mmrrsis contributors.
"""Scenes with captions, and regions of them with expressions, from an annotation file."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset

from mmrrsis.registry import DATASETS, TRANSFORMS


@DATASETS.register_module()
class SceneTextDataset(BaseDataset):
    """Images with any number of captions and of regions; each region has one or more expressions.

    The annotation file is MMEngine's: JSON with ``metainfo`` and ``data_list``. An entry of the list is::

        {"img_path": "tennis_court_12.png",
         "captions": ["four tennis courts beside a road", "several green courts"],
         "regions": [[0.1, 0.2, 0.4, 0.5]],
         "expressions": [["the court on the left", "the leftmost tennis court"]]}

    A region is a box ``[left, top, right, bottom]``, each as a part of the width or height of the image, and
    ``expressions`` holds a list of texts for each of them. Either kind of text may be missing: captions alone
    (``"regions": [], "expressions": []``), or regions alone (``"captions": []``). The loss and the scores take what is
    there, so sources of either kind may be joined with MMEngine's ``ConcatDataset``.

    Args:
        ann_file: Annotation file, relative to ``data_root``.
        data_root: Folder of the data.
        data_prefix: ``img_path`` names the folder of the images, relative to ``data_root``.
        pipeline: Transforms, as configs or callables.
        test_mode: Keep one caption of each scene and one expression of each region, always the same ones, so that
            scores can be compared.
        text_seed: Seed of that choice.
        **kwargs: Further arguments of :class:`mmengine.dataset.BaseDataset`.

    Raises:
        ValueError: If an entry is not as above; the message names it.
    """

    METAINFO: dict = dict()

    def __init__(
        self,
        ann_file: str,
        data_root: str,
        data_prefix: dict | None = None,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        text_seed: int = 0,
        **kwargs: Any,
    ) -> None:
        self.text_seed = text_seed
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=dict(img_path='') if data_prefix is None else data_prefix,
            # By the package's own registry, so that a data set also builds without a config and its default scope.
            pipeline=[TRANSFORMS.build(step) if isinstance(step, dict) else step for step in pipeline],
            test_mode=test_mode,
            **kwargs,
        )

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Check an entry and complete the path of its image."""
        for key in ('img_path', 'captions', 'regions', 'expressions'):
            if key not in raw_data_info:
                raise ValueError(f"{self.ann_file}: an entry has no '{key}': {str(raw_data_info)[:200]}.")
        regions, expressions = raw_data_info['regions'], raw_data_info['expressions']
        place = f"{self.ann_file}, entry of '{raw_data_info['img_path']}'"
        if len(regions) != len(expressions):
            raise ValueError(
                f'{place}: {len(regions)} regions, but expressions for {len(expressions)}. Give every region its '
                'list of expressions.'
            )
        for region, texts in zip(regions, expressions, strict=True):
            left, top, right, bottom = region
            if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                raise ValueError(
                    f'{place}: the region {region} is no box [left, top, right, bottom] in parts of the image, from '
                    '0 to 1.'
                )
            if not texts:
                raise ValueError(f'{place}: the region {region} has no expression. Take it out or describe it.')
        return super().parse_data_info(raw_data_info)

    def load_data_list(self) -> list[dict]:
        """Read the annotation file; in test mode keep one text of each kind."""
        samples = super().load_data_list()
        if self.test_mode:
            rng = np.random.default_rng(self.text_seed)
            for sample in samples:
                for pool in (sample['captions'], *sample['expressions']):
                    if pool:
                        pool[:] = [pool[rng.integers(len(pool))]]
        return samples
