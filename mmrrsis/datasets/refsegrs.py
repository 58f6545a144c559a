# Copyright (c) mmrrsis contributors.
"""RefSegRS."""

from mmrrsis.registry import DATASETS

from .phrase_list_dataset import PhraseListDataset


@DATASETS.register_module()
class RefSegRSDataset(PhraseListDataset):
    """RefSegRS: 4,420 triplets, 512x512, 14 categories, 0.13 m per pixel.

    `RRSIS: Referring Remote Sensing Image Segmentation <https://arxiv.org/abs/2306.08625>`_.

    ::

        DATA_ROOT/
          images/<id>.tif   masks/<id>.tif
          output_phrase_train.txt  output_phrase_val.txt  output_phrase_test.txt

    A line is ``<id> <phrase>``. A pixel of a mask is foreground when its value is above 50. The category of a triplet
    is found in its phrase. See :class:`BaseReferringDataset` for the arguments.
    """

    METAINFO = dict(
        classes=(
            'road',
            'vehicle',
            'car',
            'van',
            'building',
            'truck',
            'trailer',
            'bus',
            'road marking',
            'bikeway',
            'sidewalk',
            'tree',
            'low vegetation',
            'impervious surface',
        ),
        # One paper says 413 for val; only 431 adds up to 4,420.
        split_sizes=dict(train=2172, val=431, test=1817),
    )
    SUFFIX = '.tif'
    MASK_THRESHOLD = 50
