# Copyright (c) mmrrsis contributors.
"""Reads NWPU VHR-10 as its authors publish it."""

import json
from pathlib import Path

import numpy as np

from mmrrsis.datasets.errors import ReferringDataError, ReferringFileNotFoundError

from .photograph import Instance, Photograph

#: Where the photographs lie; the first is the name in the published archive.
IMAGE_FOLDERS = ('positive image set', 'positive')
#: RRSIS-D's name of each category that is called otherwise.
_CATEGORY_NAMES = {'baseball diamond': 'baseball field'}


def read_nwpu_vhr10(root: Path) -> list[Photograph]:
    """Read the annotated photographs.

    ::

        ROOT/
          positive image set/*.jpg     or positive/
          annotations.json             COCO polygons

    Args:
        root: Folder of the set.

    Returns:
        The photographs that are there, in the order of their names.

    Raises:
        ReferringFileNotFoundError: If the root, the annotations or a photograph is missing.
        ReferringDataError: If the annotations cannot be read.
    """
    root = Path(root)
    folders = [root / name for name in IMAGE_FOLDERS if (root / name).is_dir()]
    file = root / 'annotations.json'
    if not folders or not file.is_file():
        raise ReferringFileNotFoundError(
            f"'{root}' is not NWPU VHR-10: it must hold the folder 'positive image set' (or 'positive') and "
            "'annotations.json' (COCO polygons). See docs/vhr10_ref.md for where to find both.",
            'missing file',
        )
    try:
        content = json.loads(file.read_text(encoding='utf-8'))
        names = {entry['id']: entry['name'].replace('_', ' ') for entry in content['categories']}
        outlines: dict[int, list[Instance]] = {entry['id']: [] for entry in content['images']}
        for entry in content['annotations']:
            # A part with fewer than three points encloses nothing.
            parts = tuple(np.array(part, float).reshape(-1, 2) for part in entry['segmentation'] if len(part) >= 6)
            name = names[entry['category_id']]
            if parts:
                outlines[entry['image_id']].append(Instance(_CATEGORY_NAMES.get(name, name), parts))
        photographs = [
            Photograph(
                folders[0] / entry['file_name'], int(entry['width']), int(entry['height']),
                tuple(outlines[entry['id']]),
            )
            for entry in content['images']
        ]  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReferringDataError(
            f"'{file}' is not in COCO format with polygons ({type(error).__name__}: {error}). Download it again.",
            'unreadable file',
        ) from error
    for photograph in photographs:
        if not photograph.path.is_file():
            raise ReferringFileNotFoundError(
                f"'{photograph.path}', which '{file}' names, does not exist. Unpack the whole data set.",
                'missing image',
            )
    return sorted(photographs, key=lambda photograph: photograph.path.name)
