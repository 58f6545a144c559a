# Copyright (c) mmrrsis contributors.
"""What all referring data sets share."""

import logging
import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmrrsis.registry import TRANSFORMS

from .errors import ReferringDataError, ReferringFileNotFoundError
from .expression_shuffle import shuffle_expressions


class BaseReferringDataset(BaseDataset):
    """Base of the referring data sets: images, expressions and one mask per target.

    A subclass reads one layout on disk by :meth:`parse_refs`. A ref is one target with its expressions. In training
    it is one sample, of which ``ChooseExpression`` draws an expression; in test mode each expression is a sample of
    its own. A sample is a dict:

    - ``sample_id`` str, unique in the split; where a ref has several expressions, test mode appends ``_0``, ``_1``...
    - ``source`` str, the place in the annotation file, for error messages
    - ``img_path`` str
    - ``expressions`` list of str, one in test mode
    - ``category`` and ``subset``, str or None
    - ``target_id`` str, equal for refs that point at the same mask
    - for ``LoadReferringMask``: ``mask_path`` and ``mask_threshold``, or ``segmentation``, ``height`` and ``width``

    Annotations are read once and kept as one block of bytes that loader processes share; images and masks are read
    when a sample is asked for. A broken sample raises an error that names it, in training too: no other sample is
    ever put in its place.

    Args:
        data_root: Folder of the data set.
        split: 'train', 'val' or 'test'.
        pipeline: Transforms, as configs or callables.
        test_mode: Whether each expression is a sample of its own.
        shuffle_expressions: Test mode only. Give every sample the expression of another target: of another one in
            the same image where there is one, else of a sample half the split away. Always the same exchange. A model
            that reads the text must fail on it; one that does not fail finds its target by the image alone.
        metainfo: As in :class:`mmengine.dataset.BaseDataset`, like the following three.
        indices: The first so many samples, or the samples at these places.
        serialize_data: Whether annotations are kept as shared bytes.
        lazy_init: Whether annotations are read at first use.

    Raises:
        ReferringFileNotFoundError: If the root, a file or a folder is missing.
        ReferringDataError: If anything else is wrong with the annotations.
        ValueError: If ``split`` is unknown, or expressions are to be shuffled outside of test mode.
    """

    METAINFO: dict = dict(classes=(), split_sizes={})
    #: The splits of every data set here.
    SPLITS = ('train', 'val', 'test')

    def __init__(
        self,
        data_root: str | os.PathLike,
        split: str,
        pipeline: Sequence[dict | Callable] = (),
        *,
        test_mode: bool = False,
        shuffle_expressions: bool = False,
        metainfo: dict | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
    ) -> None:
        name = type(self).__name__
        if not os.path.isdir(data_root):
            raise ReferringFileNotFoundError(
                f"The folder '{data_root}', `data_root` of {name}, does not exist. Put the data set there or point "
                '`data_root` at it.',
                'missing data root',
            )
        if split not in self.SPLITS:
            raise ValueError(f"{name} has no split {split!r}. Choose one of 'train', 'val' and 'test'.")
        if shuffle_expressions and not test_mode:
            raise ValueError(
                f'{name} shuffles expressions in test mode only. Set `test_mode=True` or leave `shuffle_expressions` '
                'out.'
            )
        self.split = split
        self.shuffle_expressions = shuffle_expressions
        super().__init__(
            data_root=os.fspath(data_root),
            # By the package's own registry, so that a data set also builds without a config and its default scope.
            pipeline=[TRANSFORMS.build(step) if isinstance(step, dict) else step for step in pipeline],
            test_mode=test_mode,
            metainfo=metainfo,
            indices=indices,
            serialize_data=serialize_data,
            lazy_init=lazy_init,
        )

    @abstractmethod
    def parse_refs(self) -> Iterator[dict | ReferringDataError]:
        """Read the annotations of the split.

        Yields:
            For each ref a sample, or the error that describes why it is none. So the loader can stop at the first
            fault while the checker goes on.

        Raises:
            ReferringDataError: If a fault leaves nothing to read, for example a missing file.
        """

    def load_data_list(self) -> list[dict]:
        """Return the samples of the split.

        Raises:
            ReferringDataError: At the first fault.
        """
        samples = []
        expressions = 0
        for ref in self.parse_refs():
            if isinstance(ref, ReferringDataError):
                raise ref
            expressions += len(ref['expressions'])
            samples.extend(self._expand(ref) if self.test_mode else [ref])
        if not samples:
            raise ReferringDataError(
                f"Split '{self.split}' of '{self.data_root}' holds no sample. Unpack the whole data set, or correct "
                '`data_root`.',
                'empty split',
            )
        published = self.metainfo.get('split_sizes', {}).get(self.split)
        if published not in (None, expressions):
            print_log(
                f"Split '{self.split}' of {type(self).__name__} in '{self.data_root}' holds {expressions} "
                f'expressions, the published one {published}: scores are not comparable with published ones.',
                logger='current',
                level=logging.WARNING,
            )
        return shuffle_expressions(samples) if self.shuffle_expressions else samples

    @staticmethod
    def _expand(ref: dict) -> list[dict]:
        """Return one sample per expression."""
        expressions = ref['expressions']
        if len(expressions) == 1:
            return [ref]
        return [
            {**ref, 'sample_id': f'{ref["sample_id"]}_{index}', 'expressions': [expression]}
            for index, expression in enumerate(expressions)
        ]

    def describe_failure(self, sample: dict, error: Exception, kind: str = 'broken sample') -> ReferringDataError:
        """Return the error that names a sample which could not be read."""
        return ReferringDataError(
            f"Sample '{sample['sample_id']}' of {type(self).__name__} ({sample['source']}) could not be read "
            f"({type(error).__name__}: {error}). Its image is '{sample['img_path']}'. Download that file again if "
            'it is damaged; `tools/dataset_converters/check_dataset.py` lists every fault of a data set.',
            kind,
        )

    def prepare_data(self, idx: int) -> Any:
        """Return the sample ``idx`` after the pipeline.

        Raises:
            ReferringDataError: If the pipeline fails; the sample is named.
        """
        sample = self.get_data_info(idx)
        try:
            return self.pipeline(dict(sample))
        except ReferringDataError:  # says itself which sample it is
            raise
        except Exception as error:
            raise self.describe_failure(sample, error) from error

    def __getitem__(self, idx: int) -> Any:
        """Return the sample ``idx`` after the pipeline.

        MMEngine draws another sample where the pipeline returns None in training; here that is an error.

        Raises:
            ReferringDataError: If the pipeline fails or returns None; the sample is named.
        """
        if not self._fully_initialized:
            self.full_init()
        data = self.prepare_data(idx)
        if data is None:
            error = ValueError('a transform of the pipeline returned None')
            raise self.describe_failure(self.get_data_info(idx), error)
        return data


def list_folder(folder: Path) -> set[str]:
    """Return the names in a folder, by one scan instead of one request per file.

    Raises:
        ReferringFileNotFoundError: If the folder does not exist.
    """
    if not folder.is_dir():
        raise ReferringFileNotFoundError(
            f"The folder '{folder}' does not exist. Unpack the whole data set, or correct `data_root`.",
            'missing folder',
        )
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries}
