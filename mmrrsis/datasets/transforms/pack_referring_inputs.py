# Copyright (c) mmrrsis contributors.
"""Packing a sample for the model."""

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData

from mmrrsis.registry import TRANSFORMS
from mmrrsis.structures import ReferringDataSample

#: Meta information of a sample. Inference on a bare image has only some of it; the rest is None.
META_KEYS = ('sample_id', 'img_path', 'ori_shape', 'img_shape', 'category', 'subset')


@TRANSFORMS.register_module()
class PackReferringInputs(BaseTransform):
    """Pack image, text and mask.

    Required keys: ``img``, ``text``; ``gt_seg_map`` where there is a ground truth.

    The results are ``inputs``, the image as ``(3, H, W)`` uint8 tensor, channels in the order of the file reader
    (BGR; the data preprocessor turns them), and ``data_samples``, a
    :class:`~mmrrsis.structures.ReferringDataSample`. Without ``gt_seg_map`` it has no ``gt_mask``.
    """

    def transform(self, results: dict) -> dict:
        """Return ``inputs`` and ``data_samples``."""
        # (H, W, 3) -> (3, H, W)
        inputs = torch.from_numpy(np.ascontiguousarray(results['img'].transpose(2, 0, 1)))
        data_sample = ReferringDataSample(metainfo={key: results.get(key) for key in META_KEYS})
        data_sample.text = results['text']
        if 'gt_seg_map' in results:
            mask = torch.from_numpy(np.ascontiguousarray(results['gt_seg_map'])) > 0
            data_sample.gt_mask = PixelData(data=mask[None])
        return dict(inputs=inputs, data_samples=data_sample)
