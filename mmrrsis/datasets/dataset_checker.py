# Copyright (c) mmrrsis contributors.
"""Reading a whole data set and reporting every fault."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmcv.transforms import LoadImageFromFile
from prettytable import PrettyTable
from rich.console import Console
from rich.progress import track

from .base_referring_dataset import BaseReferringDataset
from .errors import ReferringDataError
from .transforms import LoadReferringMask


@dataclass
class DatasetReport:
    """What a check found.

    Attributes:
        dataset: Name of the data set's class.
        sizes: Usable samples of each split, one per expression.
        published_sizes: Samples of each split according to the paper, where there is one.
        faults: Messages, grouped by kind of fault; each once, in the order of finding.
        empty_masks: Samples without a foreground pixel. No fault in itself, but many of them mean a wrong threshold.
    """

    dataset: str
    sizes: dict[str, int] = field(default_factory=dict)
    published_sizes: dict[str, int] = field(default_factory=dict)
    faults: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    empty_masks: list[str] = field(default_factory=list)

    @property
    def num_faults(self) -> int:
        """The number of faults of all kinds."""
        return sum(map(len, self.faults.values()))

    def add(self, error: ReferringDataError) -> None:
        """Add a fault. One of a file that all splits share is met in each of them and counts once."""
        self.faults[error.kind][str(error)] = None

    def format(self) -> str:
        """Return the report as text."""
        table = PrettyTable(['split', 'usable samples', 'published'])
        for split, size in self.sizes.items():
            table.add_row([split, size, self.published_sizes.get(split, '-')])
        lines = [self.dataset, table.get_string()]
        if self.empty_masks:
            lines.append(f'Note: {len(self.empty_masks)} masks without foreground, first: {self.empty_masks[0]}')
        for kind, messages in sorted(self.faults.items()):
            lines.append(f'{kind}: {len(messages)}')
            lines.extend(f'  {message}' for message in messages)
        lines.append(f'{self.num_faults} faults' if self.num_faults else 'No faults.')
        return '\n'.join(lines)


def check_dataset(
    dataset_class: type[BaseReferringDataset], data_root: str | os.PathLike, splits: Sequence[str]
) -> DatasetReport:
    """Read annotations, images and masks of a data set.

    It goes through the same code as loading for training, but does not stop at a fault.

    Args:
        dataset_class: Class of the data set.
        data_root: Folder of the data set.
        splits: Splits to read.

    Returns:
        Sizes and faults. An image that several samples share is one fault if it cannot be read.
    """
    report = DatasetReport(dataset_class.__name__, published_sizes=dataset_class.METAINFO['split_sizes'])
    shapes: dict[str, tuple[int, int] | None] = {}
    for split in splits:
        try:
            dataset = dataset_class(data_root, split, lazy_init=True)
            refs = list(dataset.parse_refs())
        except ReferringDataError as error:  # leaves nothing to read in this split
            report.sizes[split] = 0
            report.add(error)
            if error.kind == 'missing data root':
                break
            continue
        report.sizes[split] = _check_refs(dataset, refs, shapes, report)
        if not refs:
            report.add(ReferringDataError(f"Split '{split}' of '{data_root}' holds no sample.", 'empty split'))
    return report


def _check_refs(
    dataset: BaseReferringDataset,
    refs: list[dict | ReferringDataError],
    shapes: dict[str, tuple[int, int] | None],
    report: DatasetReport,
) -> int:
    """Read the files of all refs of a split and return the number of usable samples.

    Args:
        dataset: The split.
        refs: What its parser yielded.
        shapes: Height and width of the images read so far, None for a broken one; is added to.
        report: Faults are added to it.
    """
    load_image, load_mask = LoadImageFromFile(), LoadReferringMask()
    usable = 0
    for ref in track(refs, description=dataset.split, console=Console(stderr=True)):
        if isinstance(ref, ReferringDataError):
            report.add(ref)
            continue
        path = ref['img_path']
        if path not in shapes:
            try:
                shapes[path] = load_image(dict(img_path=path))['ori_shape']
            except Exception as error:  # the decoders raise classes of their own
                shapes[path] = None
                report.add(dataset.describe_failure(ref, error, 'unreadable image'))
        if shapes[path] is None:
            continue
        try:
            mask = load_mask({**ref, 'ori_shape': shapes[path]})['gt_seg_map']
        except ReferringDataError as error:
            report.add(error)
            continue
        if not mask.any():
            report.empty_masks.append(ref['source'])
        usable += len(ref['expressions'])
    return usable
