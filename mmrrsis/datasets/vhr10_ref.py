# Copyright (c) mmrrsis contributors.
"""VHR10-Ref, referring expressions on the photographs of NWPU VHR-10."""

from mmrrsis.registry import DATASETS

from .rrsisd import RRSISDDataset


@DATASETS.register_module()
class VHR10RefDataset(RRSISDDataset):
    """VHR10-Ref in the layout of RRSIS-D, as ``tools/dataset_converters/vhr10_ref.py`` writes it.

    Windows of 256x256 pixels, 10 categories, for research only; see ``docs/vhr10_ref.md``. The categories have the
    names of RRSIS-D (NWPU VHR-10's baseball diamond is a baseball field), so that both sets can be trained on
    together. See :class:`BaseReferringDataset` for the arguments.
    """

    METAINFO = dict(
        classes=(
            'airplane',
            'ship',
            'storage tank',
            'baseball field',
            'tennis court',
            'basketball court',
            'ground track field',
            'harbor',
            'bridge',
            'vehicle',
        ),
        # Of the converter's default settings and the photographs that its split lists name.
        split_sizes=dict(train=17875, val=1443, test=2184),
    )
