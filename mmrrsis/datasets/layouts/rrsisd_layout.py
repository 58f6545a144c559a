# Copyright (c) mmrrsis contributors.
"""Writes the layout of RRSIS-D."""

import json
import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from mmrrsis.datasets.expressions import Scene
from mmrrsis.datasets.expressions.vocabulary import RRSISD_CATEGORIES

from .layout import Layout, encode_picture


class RRSISDLayout(Layout):
    """Refs as a pickle, COCO instances, JPEG images."""

    folders = ('rrsisd', 'images/rrsisd/JPEGImages')

    def write_scene(self, root: Path, prefix: str, name: str, split: str, scene: Scene) -> dict[str, Any]:
        """See :meth:`Layout.write_scene`."""
        file_name = f'{prefix}_{name}.jpg'
        data = encode_picture('.jpg', scene.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        (root / self.folders[1] / file_name).write_bytes(data)
        referrals = []
        for referral in scene.referrals:
            found = scene.objects[referral.object_index]
            rle = coco_mask.encode(np.asfortranarray(found.mask.astype(np.uint8)))
            x0, y0, x1, y1 = found.box
            referrals.append(
                dict(
                    category=found.category,
                    expressions=list(referral.expressions),
                    segmentation=[dict(size=[int(n) for n in rle['size']], counts=rle['counts'].decode('ascii'))],
                    area=found.area,
                    bbox=[x0, y0, x1 - x0, y1 - y0],
                )
            )
        height, width = scene.image.shape[:2]
        return dict(
            file_name=file_name, height=height, width=width, split=split, subset=scene.subset, referrals=referrals
        )

    def finish(self, root: Path, records: list[dict[str, Any]]) -> None:
        """Write refs and instances."""
        category_ids = {name: i for i, name in enumerate(RRSISD_CATEGORIES, start=1)}
        refs: list[dict[str, Any]] = []
        images, annotations = [], []
        sentence_count = 0
        for image_id, record in enumerate(records, start=1):
            images.append(
                dict(id=image_id, file_name=record['file_name'], height=record['height'], width=record['width'])
            )
            for referral in record['referrals']:
                number = len(refs) + 1  # one annotation per ref: both have the same number
                category_id = category_ids[referral['category']]
                annotations.append(
                    dict(
                        id=number,
                        image_id=image_id,
                        category_id=category_id,
                        segmentation=referral['segmentation'],
                        area=referral['area'],
                        bbox=referral['bbox'],
                        iscrowd=0,
                    )
                )
                sentences = []
                for raw in referral['expressions']:
                    plain = raw.lower().replace(',', '').rstrip('.')
                    sentences.append(dict(tokens=plain.split(), raw=raw, sent_id=sentence_count, sent=plain))
                    sentence_count += 1
                refs.append(
                    dict(
                        ref_id=number,
                        ann_id=number,
                        category_id=category_id,
                        image_id=image_id,
                        file_name=record['file_name'],
                        split=record['split'],
                        sent_ids=[sentence['sent_id'] for sentence in sentences],
                        sentences=sentences,
                        subset=record['subset'],
                    )
                )
        categories = [dict(id=i, name=name) for name, i in category_ids.items()]
        instances = dict(images=images, annotations=annotations, categories=categories)
        (root / 'rrsisd/instances.json').write_text(json.dumps(instances), encoding='utf-8')
        (root / 'rrsisd/refs(unc).p').write_bytes(pickle.dumps(refs, protocol=4))
