# Copyright (c) mmrrsis contributors.
"""The layout that RefSegRS and RISBench share: one line per sample, masks as image files."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from .base_referring_dataset import BaseReferringDataset, list_folder
from .categories import CategoryFinder
from .errors import ReferringDataError, ReferringFileNotFoundError

_IMAGE_SUFFIXES = ('.png', '.tif', '.tiff', '.jpg', '.jpeg')


class PhraseListDataset(BaseReferringDataset):
    """Base of data sets with ``output_phrase_{split}.txt``.

    A line is ``<name> <phrase>``, split at the first space; the name may carry its suffix. Image and mask have the
    same name. Empty lines are passed over. ``sample_id`` is the split and the number of the line, ``test_12``.

    See :class:`BaseReferringDataset` for the arguments.
    """

    #: Pairs of folders for images and masks. The first whose image folder exists is read.
    FOLDERS: tuple[tuple[str, str], ...] = (('images', 'masks'),)
    #: Suffix of images and masks where the line names none.
    SUFFIX = '.png'
    #: A pixel is foreground when its value is above this.
    MASK_THRESHOLD = 127
    #: Other names for categories in phrases.
    ALIASES: Mapping[str, str] = {}

    def parse_refs(self) -> Iterator[dict | ReferringDataError]:
        """Read the lines of the split; see :meth:`BaseReferringDataset.parse_refs`."""
        root = Path(self.data_root)
        phrase_file = root / f'output_phrase_{self.split}.txt'
        if not phrase_file.is_file():
            raise ReferringFileNotFoundError(
                f"'{phrase_file}' does not exist. Unpack the whole data set, or correct `data_root`.", 'missing file'
            )
        image_folder, mask_folder = self._find_folders(root)
        image_names, mask_names = list_folder(image_folder), list_folder(mask_folder)
        find_category = CategoryFinder(self.METAINFO['classes'], self.ALIASES)

        for number, raw_line in enumerate(phrase_file.read_bytes().split(b'\n'), start=1):
            if not raw_line.strip():
                continue
            place = f"'{phrase_file}', line {number}"
            try:
                line = raw_line.decode('utf-8-sig').strip()
            except UnicodeDecodeError as error:
                yield ReferringDataError(
                    f'{place}: not UTF-8 text ({error}). Save the file as UTF-8.', 'undecodable line'
                )
                continue
            name, *rest = line.split(maxsplit=1)
            if not rest:
                yield ReferringDataError(
                    f"{place}: '{line}' has no phrase. Write '<name> <phrase>', or delete the line and its sample.",
                    'line without a phrase',
                )
                continue
            image_name, mask_name = self._resolve(name, image_names), self._resolve(name, mask_names)
            missing = False
            for kind, found, folder in (('image', image_name, image_folder), ('mask', mask_name, mask_folder)):
                if found is None:
                    missing = True
                    yield ReferringFileNotFoundError(
                        f"{place}: the {kind} of '{name}' is not in '{folder}'. Restore the file or correct the line.",
                        f'missing {kind}',
                    )
            if missing:
                continue
            yield dict(
                sample_id=f'{self.split}_{number}',
                source=place,
                img_path=f'{image_folder}/{image_name}',
                expressions=[rest[0]],
                category=find_category(rest[0]),
                subset=None,
                target_id=mask_name,
                mask_path=f'{mask_folder}/{mask_name}',
                mask_threshold=self.MASK_THRESHOLD,
            )

    def _find_folders(self, root: Path) -> tuple[Path, Path]:
        """Return the folders of images and masks."""
        for images, masks in self.FOLDERS:
            if (root / images).is_dir():
                return root / images, root / masks
        names = ' or '.join(f"'{images}'" for images, _ in self.FOLDERS)
        raise ReferringFileNotFoundError(
            f"'{root}' has no folder {names}. Unpack the whole data set, or correct `data_root`.", 'missing folder'
        )

    def _resolve(self, name: str, present: set[str]) -> str | None:
        """Return the file in a folder that a line means, or None."""
        if name in present:
            return name
        stem, suffix = os.path.splitext(name)
        stem = stem if suffix.lower() in _IMAGE_SUFFIXES else name
        return stem + self.SUFFIX if stem + self.SUFFIX in present else None
