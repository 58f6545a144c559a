# Copyright (c) mmrrsis contributors.
"""Tiny data sets in the layouts of the benchmarks."""

import json
import pickle

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask


def square(height, width, top, left, size):
    """Return a mask with one square, uint8 0/1."""
    mask = np.zeros((height, width), np.uint8)
    mask[top : top + size, left : left + size] = 1
    return mask


class PhraseList:
    """A data set of one line per sample; ``write`` brings lines and files to disk."""

    def __init__(self, root, images='images', masks='masks', suffix='.tif', foreground=255):
        self.root, self.suffix, self.foreground = root, suffix, foreground
        self.images, self.masks = root / images, root / masks
        self.images.mkdir(parents=True)
        self.masks.mkdir()
        for split in ('train', 'val', 'test'):
            (root / f'output_phrase_{split}.txt').write_text('')

    def add_files(self, name, mask=None, shape=(8, 10)):
        seed = sum(map(ord, name))
        image = np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)
        mask = square(*shape, 2, 3, 4) * self.foreground if mask is None else mask
        assert cv2.imwrite(str(self.images / (name + self.suffix)), image)
        assert cv2.imwrite(str(self.masks / (name + self.suffix)), mask)
        return image

    def write(self, split, text):
        path = self.root / f'output_phrase_{split}.txt'
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path


@pytest.fixture
def refsegrs(tmp_path):
    return PhraseList(tmp_path / 'refsegrs')


@pytest.fixture
def risbench(tmp_path):
    return PhraseList(tmp_path / 'risbench', 'img_rgb', 'mask', '.png')


@pytest.fixture
def phrase_list():
    return PhraseList


class RRSISD:
    """Three images of 12x16 with five refs; ``refs`` and ``instances`` may be changed before ``write``."""

    def __init__(self, root):
        self.root = root
        (root / 'rrsisd').mkdir(parents=True)
        self.images = root / 'images' / 'rrsisd' / 'JPEGImages'
        self.images.mkdir(parents=True)
        for number in (1, 2, 3):
            image = np.random.default_rng(number).integers(0, 256, (12, 16, 3), dtype=np.uint8)
            assert cv2.imwrite(str(self.images / f'0000{number}.jpg'), image)
        rle = coco_mask.encode(np.asfortranarray(square(12, 16, 1, 1, 5)))
        rle = dict(size=rle['size'], counts=rle['counts'].decode())
        polygon = [2, 2, 8, 2, 8, 6, 2, 6]  # columns 2-7, rows 2-5
        second_polygon = [10, 2, 14, 2, 14, 4, 10, 4]  # columns 10-13, rows 2-3
        # 12 rows x 16 columns, column by column: columns 0 and 1 are foreground
        counts = [0, 24, 168]
        self.instances = dict(
            images=[dict(id=n, file_name=f'0000{n}.jpg', height=12, width=16) for n in (1, 2, 3)],
            annotations=[
                dict(id=11, image_id=1, category_id=1, segmentation=[polygon, second_polygon]),
                dict(id=12, image_id=1, category_id=2, segmentation=[rle]),
                dict(id=13, image_id=2, category_id=1, segmentation=[dict(size=[12, 16], counts=counts)]),
                dict(id=14, image_id=3, category_id=2, segmentation=[rle, polygon]),
                dict(id=15, image_id=3, category_id=3, segmentation=[rle]),
            ],
            categories=[dict(id=1, name='golffield'), dict(id=2, name='ship'), dict(id=3, name='crane')],
        )
        self.refs = [
            self.ref(1, 11, 1, 1, 'test', ['The golf field', ' the left field ']),
            self.ref(2, 12, 2, 1, 'test', ['the ship']),
            self.ref(3, 13, 1, 2, 'test', ['a golf field in the middle']),
            self.ref(4, 14, 2, 3, 'train', ['a ship', 'the only ship', 'a vessel']),
            self.ref(5, 15, 3, 3, 'val', ['the crane']),
        ]

    @staticmethod
    def ref(ref_id, ann_id, category_id, image_id, split, raws):
        sentences = [
            dict(tokens=raw.split(), raw=raw, sent_id=100 * ref_id + k, sent=raw.lower()) for k, raw in enumerate(raws)
        ]
        return dict(
            ref_id=ref_id,
            ann_id=ann_id,
            category_id=category_id,
            image_id=image_id,
            file_name=f'0000{image_id}.jpg',
            split=split,
            sent_ids=[sentence['sent_id'] for sentence in sentences],
            sentences=sentences,
        )

    def write(self, refs_format='pickle'):
        (self.root / 'rrsisd' / 'instances.json').write_text(json.dumps(self.instances))
        if refs_format == 'pickle':
            (self.root / 'rrsisd' / 'refs(unc).p').write_bytes(pickle.dumps(self.refs))
        else:
            (self.root / 'rrsisd' / 'refs(unc).json').write_text(json.dumps(self.refs))
        return self.root


@pytest.fixture
def rrsisd(tmp_path):
    return RRSISD(tmp_path / 'rrsisd_root')
