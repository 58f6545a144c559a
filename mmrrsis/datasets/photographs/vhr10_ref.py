# Copyright (c) mmrrsis contributors.
"""VHR10-Ref: NWPU VHR-10 as a referring set."""

from pathlib import Path

from mmrrsis.datasets.errors import ReferringDataError

from .nwpu_vhr10 import read_nwpu_vhr10
from .referring_set import PhotographSet, PhotographTask

SPLITS = ('train', 'val', 'test')
#: What may be done with photographs that the lists do not name.
UNLISTED = ('error', *SPLITS)

_TERMS = """The photographs are those of NWPU VHR-10, "used for research purposes only" in its authors' words. That
holds for these windows, and for whatever is trained on them. Cite Cheng et al. 2014 (ISPRS 98), Cheng and Han 2016
(ISPRS 117), Cheng et al. 2016 (TGRS 54-12); masks: Su et al. 2019 (IGARSS)."""


def read_split_lists() -> dict[str, str]:
    """Return the split of each photograph's name.

    Photographs that show the same place are in the same split.
    """
    folder = Path(__file__).parent / 'vhr10_splits'
    return {
        name: split for split in SPLITS for name in (folder / f'{split}.txt').read_text(encoding='utf-8').split()
    }  # fmt: skip


def vhr10_ref(
    root: Path, layout: str = 'rrsisd', seed: int = 0, image_size: int = 256, unlisted: str = 'error'
) -> PhotographSet:
    """Return the recipe of VHR10-Ref.

    Args:
        root: NWPU VHR-10, see :func:`~mmrrsis.datasets.photographs.nwpu_vhr10.read_nwpu_vhr10`.
        layout: A key of :data:`~mmrrsis.datasets.layouts.LAYOUTS`.
        seed: Of windows and wordings.
        image_size: Height and width of the windows as written, in pixels.
        unlisted: The split of photographs whose names are in no list, or ``'error'``.

    Raises:
        ReferringDataError: If a photograph is in no list and ``unlisted`` is ``'error'``, or the set is broken.
    """
    photographs = read_nwpu_vhr10(root)
    splits = read_split_lists()
    strangers = [found.path.name for found in photographs if found.path.name not in splits]
    if strangers and unlisted == 'error':
        raise ReferringDataError(
            f"{len(strangers)} photographs in '{root}' are in no split list, the first is '{strangers[0]}'. Say with "
            '--unlisted train, val or test where they belong.',
            'unlisted photograph',
        )
    tasks = tuple(PhotographTask(found, splits.get(found.path.name, unlisted)) for found in photographs)
    return PhotographSet('VHR10-Ref', 'vhr10', layout, tasks, _TERMS, seed, image_size)
