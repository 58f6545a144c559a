# Copyright (c) mmrrsis contributors.
"""Writes the layout that RefSegRS and RISBench share."""

from pathlib import Path
from typing import Any

import numpy as np

from mmrrsis.datasets.expressions import Scene

from .layout import Layout, encode_picture


class PhraseListLayout(Layout):
    """Lines of ``<id> <phrase>``; image and mask are files named by the id."""

    def __init__(self, images: str, masks: str, suffix: str, with_suffix: bool) -> None:
        self.folders = (images, masks)
        self.suffix = suffix
        self.with_suffix = with_suffix

    def write_scene(self, root: Path, prefix: str, name: str, split: str, scene: Scene) -> dict[str, Any]:
        """See :meth:`Layout.write_scene`."""
        image = encode_picture(self.suffix, scene.image[..., ::-1])
        referrals = []
        for number, referral in enumerate(scene.referrals):
            # the id names the mask and the image, so each target has a copy of the image
            file_name = f'{name}_{number}'
            mask = scene.objects[referral.object_index].mask.astype(np.uint8) * 255
            (root / self.folders[0] / f'{file_name}{self.suffix}').write_bytes(image)
            (root / self.folders[1] / f'{file_name}{self.suffix}').write_bytes(encode_picture(self.suffix, mask))
            file_name = file_name + self.suffix if self.with_suffix else file_name
            referrals.append(dict(name=file_name, expressions=list(referral.expressions)))
        return dict(split=split, subset=scene.subset, referrals=referrals)

    def finish(self, root: Path, records: list[dict[str, Any]]) -> None:
        """Write the lines of each split, and the names of each subset."""
        lines: dict[str, list[str]] = {split: [] for split in ('train', 'val', 'test')}
        subsets: dict[str, list[str]] = {}
        for record in records:
            for referral in record['referrals']:
                lines[record['split']] += [f'{referral["name"]} {text}' for text in referral['expressions']]
                if record['subset']:
                    subsets.setdefault(f'{record["subset"]}_{record["split"]}', []).append(referral['name'])
        for split, content in lines.items():
            _write_lines(root / f'output_phrase_{split}.txt', content)
        for name, members in subsets.items():
            _write_lines(root / f'{name}.txt', members)


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text(''.join(f'{line}\n' for line in lines), encoding='utf-8')
