# Copyright (c) mmrrsis contributors.
"""SynthRS, the synthetic data set."""

from mmrrsis.registry import DATASETS

from .rrsisd import RRSISDDataset


@DATASETS.register_module()
class SynthRSDataset(RRSISDDataset):
    """SynthRS in the layout of RRSIS-D, as ``tools/dataset_converters/synthrs.py`` writes it.

    A ref can carry ``subset``: 'novel_pair' where colour and category never occur together in training, so that the
    metric can tell what a model composes from what it remembers. See :class:`BaseReferringDataset` for the
    arguments.
    """

    # The categories of RRSIS-D; the sizes are chosen when the set is written.
    METAINFO = dict(classes=RRSISDDataset.METAINFO['classes'], split_sizes={})

    def _parse_subset(self, ref: dict) -> str | None:
        """Return the value of ``subset``."""
        return ref.get('subset')
