# Copyright (c) mmrrsis contributors.
"""A tiny folder in the layout in which NWPU VHR-10 is published."""

import json

import cv2
import numpy as np

CATEGORIES = (
    'airplane', 'ship', 'storage_tank', 'baseball_diamond', 'tennis_court', 'basketball_court', 'ground_track_field',
    'harbor', 'bridge', 'vehicle',
)  # fmt: skip


def write_nwpu(root, names=('001.jpg', '002.jpg', '003.jpg'), folder='positive image set', seed=0):
    """Write photographs of rectangles: per photograph four ships in white or red and a tennis court in blue."""
    rng = np.random.default_rng(seed)
    (root / folder).mkdir(parents=True)
    images, annotations = [], []
    for image_id, name in enumerate(names):
        picture = np.full((300, 360, 3), (90, 70, 40), np.uint8)  # BGR, of no colour word
        places = [(20 + 80 * column, 30 + 120 * row) for row in range(2) for column in range(4)]
        for i, index in enumerate(rng.permutation(8)[:5]):
            x, y = (int(v) for v in rng.integers(0, 12, 2) + places[index])
            width, height = (int(v) for v in rng.integers(24, 44, 2))
            category = 5 if i == 4 else 2
            color = (200, 80, 30) if i == 4 else [(245, 245, 245), (30, 30, 200)][i % 2]
            cv2.rectangle(picture, (x, y), (x + width - 1, y + height - 1), color, -1)
            outline = [x, y, x + width, y, x + width, y + height, x, y + height]
            annotations.append(
                dict(
                    id=len(annotations), image_id=image_id, category_id=category, segmentation=[outline],
                    area=width * height, bbox=[x, y, width, height], iscrowd=0,
                )
            )  # fmt: skip
        cv2.imwrite(str(root / folder / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 98])
        images.append(dict(id=image_id, file_name=name, height=300, width=360))
    categories = [dict(id=i, name=name) for i, name in enumerate(CATEGORIES, start=1)]
    content = dict(images=images, annotations=annotations, categories=categories)
    (root / 'annotations.json').write_text(json.dumps(content))
    return root
