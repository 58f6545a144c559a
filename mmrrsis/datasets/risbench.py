# Copyright (c) mmrrsis contributors.
"""RISBench."""

from mmrrsis.registry import DATASETS

from .phrase_list_dataset import PhraseListDataset


@DATASETS.register_module()
class RISBenchDataset(PhraseListDataset):
    """RISBench: 52,472 triplets, 512x512, 26 categories, 0.1 m to 30 m per pixel.

    `Cross-Modal Bidirectional Interaction Model for Referring Remote Sensing Image Segmentation
    <https://arxiv.org/abs/2410.08613>`_.

    ::

        DATA_ROOT/
          img_rgb/<file>.png   mask/<file>.png          (images/ and masks/ are read too, where img_rgb/ is missing)
          output_phrase_train.txt  output_phrase_val.txt  output_phrase_test.txt

    A line is ``<file> <phrase>``, with or without the suffix. The name in the line decides, not its prefix: lines of
    the val file name ``train_*.png`` images. Masks hold 0 and 255. See :class:`BaseReferringDataset` for the
    arguments.

    The category of a triplet is found in its phrase. The data set comes without category names; ``classes`` are our
    reading of "26 categories": the 20 of DIOR and the six that DOTA-v1.0 has besides. Phrases with any other name have
    the category None. The list concerns the per-class table only.
    """

    METAINFO = dict(
        classes=(
            'airplane',
            'airport',
            'baseball field',
            'basketball court',
            'bridge',
            'chimney',
            'dam',
            'expressway service area',
            'expressway toll station',
            'golf field',
            'ground track field',
            'harbor',
            'overpass',
            'ship',
            'stadium',
            'storage tank',
            'tennis court',
            'train station',
            'vehicle',
            'windmill',
            'small vehicle',
            'large vehicle',
            'helicopter',
            'roundabout',
            'soccer ball field',
            'swimming pool',
        ),
        split_sizes=dict(train=26300, val=10013, test=16159),
    )
    FOLDERS = (('img_rgb', 'mask'), ('images', 'masks'))
    # DOTA's names for categories that DIOR has too, and what people write for the rest.
    ALIASES = {
        'plane': 'airplane',
        'baseball diamond': 'baseball field',
        'golf course': 'golf field',
        'soccer field': 'soccer ball field',
    }
