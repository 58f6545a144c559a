# Copyright (c) mmrrsis contributors.
"""RRSIS-D."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmrrsis.registry import DATASETS

from .base_referring_dataset import BaseReferringDataset, list_folder
from .categories import normalize_category
from .errors import ReferringDataError, ReferringFileNotFoundError
from .expressions.vocabulary import RRSISD_CATEGORIES
from .rrsisd_refs import find_refs_file, load_json, load_refs

_REF_KEYS = ('ref_id', 'ann_id', 'image_id', 'split', 'sentences')


@dataclass
class _Instances:
    """What ``instances.json`` holds, by id."""

    path: Path
    entries: dict[str, dict[Any, dict]]
    categories: dict[Any, str]

    @classmethod
    def read(cls, path: Path, classes: Sequence[str]) -> _Instances:
        """Read the file; category names are brought to the spelling of ``classes`` where they are among them."""
        content = load_json(path)
        spelling = {normalize_category(name): name for name in classes}
        try:
            entries = {
                'image': {entry['id']: entry for entry in content['images']},
                'annotation': {entry['id']: entry for entry in content['annotations']},
            }
            # Spellings differ ('golffield'); a name outside of the list is kept as it is.
            categories = {
                entry['id']: spelling.get(normalize_category(entry['name']), entry['name'])
                for entry in content['categories']
            }
        except (KeyError, TypeError) as error:
            raise ReferringDataError(
                f"'{path}' is not in COCO format: it must hold the lists 'images', 'annotations' and 'categories', "
                f"each entry with an 'id', each category with a 'name' ({type(error).__name__}: {error}). Download "
                'the file again.',
                'unreadable file',
            ) from error
        return cls(path, entries, categories)

    def get(self, what: str, number: Any, keys: Sequence[str], place: str) -> dict:
        """Return the image or annotation ``number``, which must have ``keys``.

        Raises:
            ReferringDataError: If it is missing or lacks one of the keys.
        """
        entry = self.entries[what].get(number)
        if entry is None:
            raise ReferringDataError(
                f"{place}: {what} {number} is not in '{self.path}'. Refs and instances must be of one version: "
                'download both again.',
                f'missing {what} entry',
            )
        absent = [key for key in keys if not entry.get(key)]
        if absent:
            raise ReferringDataError(
                f"{place}: {what} {number} in '{self.path}' has no {', '.join(map(repr, absent))}. Download the file "
                'again.',
                f'malformed {what} entry',
            )
        return entry


@DATASETS.register_module()
class RRSISDDataset(BaseReferringDataset):
    """RRSIS-D: 17,402 triplets, 800x800, 20 categories.

    `Rotated Multi-Scale Interaction Network for Referring Remote Sensing Image Segmentation
    <https://arxiv.org/abs/2312.12470>`_.

    ::

        DATA_ROOT/
          rrsisd/refs(unc).p          or refs(unc).json, which is read when both are there
          rrsisd/instances.json       COCO: images, annotations, categories
          images/rrsisd/JPEGImages/*.jpg

    The expression is ``raw`` of a sentence. The image is the ``file_name`` of the image entry. The pickle is read
    without running anything in it, see :func:`~mmrrsis.datasets.restricted_pickle.load_restricted_pickle`.
    ``sample_id`` is the ``ref_id``. See :class:`BaseReferringDataset` for the arguments.
    """

    METAINFO = dict(
        classes=RRSISD_CATEGORIES,
        split_sizes=dict(train=12181, val=1740, test=3481),
    )

    def parse_refs(self) -> Iterator[dict | ReferringDataError]:
        """Read the refs of the split; see :meth:`BaseReferringDataset.parse_refs`."""
        folder = Path(self.data_root) / 'rrsisd'
        refs_file = find_refs_file(folder)
        refs = load_refs(refs_file)
        instances = _Instances.read(folder / 'instances.json', self.METAINFO['classes'])
        image_folder = Path(self.data_root) / 'images' / 'rrsisd' / 'JPEGImages'
        image_names = list_folder(image_folder)

        for index, ref in enumerate(refs):
            if isinstance(ref, dict) and ref.get('split', self.split) != self.split:
                continue
            missing = list(_REF_KEYS) if not isinstance(ref, dict) else [key for key in _REF_KEYS if key not in ref]
            if missing:
                number = f'unknown (entry {index} of the list)' if 'ref_id' in missing else ref['ref_id']
                yield ReferringDataError(
                    f"'{refs_file}', ref_id {number}: the ref has no {', '.join(map(repr, missing))}. Download or "
                    'convert the file again.',
                    'malformed ref',
                )
                continue
            place = f"'{refs_file}', ref_id {ref['ref_id']}"
            try:
                sample = self._parse_ref(ref, place, instances)
            except ReferringDataError as error:
                yield error
                continue
            name = sample['img_path']
            if name not in image_names:
                yield ReferringFileNotFoundError(
                    f"{place}: the image '{name}' is not in '{image_folder}'. Restore the file.", 'missing image'
                )
                continue
            sample['img_path'] = f'{image_folder}/{name}'
            yield sample

    def _parse_ref(self, ref: dict, place: str, instances: _Instances) -> dict:
        """Return the sample of one ref, with the bare name of its image.

        Raises:
            ReferringDataError: If an entry is missing or broken.
        """
        annotation = instances.get('annotation', ref['ann_id'], ('segmentation',), place)
        image = instances.get('image', ref['image_id'], ('file_name', 'height', 'width'), place)
        return dict(
            sample_id=str(ref['ref_id']),
            source=place,
            img_path=image['file_name'],
            expressions=self._parse_sentences(ref, place),
            category=instances.categories.get(ref.get('category_id', annotation.get('category_id'))),
            subset=self._parse_subset(ref),
            target_id=str(ref['ann_id']),
            segmentation=annotation['segmentation'],
            height=int(image['height']),
            width=int(image['width']),
        )

    def _parse_subset(self, ref: dict) -> str | None:
        """Return the part of the split that a ref belongs to; RRSIS-D has no parts."""
        return None

    @staticmethod
    def _parse_sentences(ref: dict, place: str) -> list[str]:
        """Return the expressions of a ref, surrounding spaces removed."""
        sentences: Any = ref['sentences']
        if not isinstance(sentences, list) or not sentences:
            raise ReferringDataError(f'{place}: the ref has no sentence. Add one, or delete the ref.', 'malformed ref')
        expressions = []
        for index, sentence in enumerate(sentences):
            raw = sentence.get('raw') if isinstance(sentence, dict) else None
            if not isinstance(raw, str) or not raw.strip():
                number = sentence.get('sent_id', index) if isinstance(sentence, dict) else index
                raise ReferringDataError(
                    f"{place}: sentence {number} has an empty expression or none ('raw' is {raw!r}). Write one, or "
                    'delete the sentence.',
                    'empty expression',
                )
            expressions.append(raw.strip())
        return expressions
