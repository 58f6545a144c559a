# Copyright (c) mmrrsis contributors.
"""Loading the mask of a target."""

from typing import Any

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from pycocotools import mask as coco_mask

from mmrrsis.datasets.errors import ReferringDataError
from mmrrsis.registry import TRANSFORMS


def decode_segmentation(segmentation: Any, height: int, width: int) -> np.ndarray:
    """Decode a COCO segmentation; its parts are merged.

    Args:
        segmentation: A list of polygons ``[x1, y1, x2, y2, ...]``, a list of RLEs (``size`` and ``counts``, compressed
            as str or bytes, or a list of numbers), or a single RLE.
        height: Height of the image.
        width: Width of the image.

    Returns:
        ``(height, width)`` uint8, 1 at the target.

    Raises:
        ValueError: If it is none of these, is broken, or has another size.
    """
    parts = [segmentation] if isinstance(segmentation, dict) else segmentation
    if not isinstance(parts, list) or not parts:
        raise ValueError(f'expected a list of polygons or RLEs, found {type(segmentation).__name__}')
    rles = []
    for part in parts:
        if isinstance(part, dict):
            size = [int(side) for side in part['size']]
            if size != [height, width]:
                raise ValueError(f'the RLE is {size[0]}x{size[1]}, the image entry says {height}x{width}')
            if isinstance(part['counts'], list):
                if sum(part['counts']) != height * width:
                    raise ValueError(f'the counts of an RLE add up to {sum(part["counts"])}, not {height * width}')
                rles.append(coco_mask.frPyObjects(part, height, width))
            else:
                rles.append(part)
        elif isinstance(part, list):
            if len(part) < 6 or len(part) % 2:
                raise ValueError(f'a polygon needs three or more points, found {len(part)} numbers')
            rles.extend(coco_mask.frPyObjects([part], height, width))
        else:
            raise ValueError(f'expected a list of polygons or RLEs, found a list with {type(part).__name__}')
    return coco_mask.decode(coco_mask.merge(rles))


@TRANSFORMS.register_module()
class LoadReferringMask(BaseTransform):
    """Load the mask of the target from a file or a COCO segmentation.

    Before ``Resize`` (training) the mask is resized with the image; after it (testing) it keeps its own size.

    Required keys: ``ori_shape``; ``mask_path`` and ``mask_threshold``, or ``segmentation``, ``height`` and ``width``.
    Added keys: ``gt_seg_map``, uint8 ``(H, W)``, 1 at the target.

    Raises:
        ReferringDataError: If the mask cannot be read or has another size than its image.
    """

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map`` to the results."""
        mask = self._read_file(results) if 'mask_path' in results else self._decode(results)
        if mask.shape != tuple(results['ori_shape']):
            raise ReferringDataError(
                f'{self._name(results)}: the mask{self._path(results)} is {mask.shape[0]}x{mask.shape[1]} (height x '
                f"width), but the image '{results['img_path']}' is {results['ori_shape'][0]}x"
                f'{results["ori_shape"][1]}. Replace the one that is wrong.',
                'mask of another size',
            )
        results['gt_seg_map'] = mask
        return results

    def _read_file(self, results: dict) -> np.ndarray:
        """Return the thresholded mask of a file."""
        path = results['mask_path']
        try:
            with open(path, 'rb') as file:
                values = mmcv.imfrombytes(file.read(), flag='grayscale', backend='cv2')
        except Exception as error:  # OpenCV raises its own classes
            raise self._unreadable(results, f'{type(error).__name__}: {error}') from error
        if values is None:
            raise self._unreadable(results, 'it is not an image')
        return (values > results['mask_threshold']).astype(np.uint8)

    def _decode(self, results: dict) -> np.ndarray:
        """Return the mask of a COCO segmentation."""
        try:
            return decode_segmentation(results['segmentation'], results['height'], results['width'])
        except Exception as error:  # pycocotools raises bare exceptions of its own
            raise ReferringDataError(
                f'{self._name(results)}: the segmentation cannot be decoded ({type(error).__name__}: {error}). '
                'Download the annotations again.',
                'undecodable segmentation',
            ) from error

    def _unreadable(self, results: dict, reason: str) -> ReferringDataError:
        """Return the error for a mask file that cannot be read."""
        return ReferringDataError(
            f'{self._name(results)}: the mask{self._path(results)} cannot be read ({reason}). Download it again.',
            'unreadable mask',
        )

    @staticmethod
    def _name(results: dict) -> str:
        """Return how to call the sample."""
        return f"Sample '{results['sample_id']}' ({results['source']})"

    @staticmethod
    def _path(results: dict) -> str:
        """Return the path of the mask, if it is a file."""
        return f" '{results['mask_path']}'" if 'mask_path' in results else ''
