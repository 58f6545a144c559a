# Copyright (c) mmrrsis contributors.
"""Cropping a sample without making its sentence false."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmrrsis.datasets.expression_kind import expression_kind
from mmrrsis.registry import TRANSFORMS

# A place, an order, a size or a landmark may be another one in a part of the picture.
_UNCHANGED_KINDS = ('category only', 'colour')


@TRANSFORMS.register_module()
class RandomCropAroundTarget(BaseTransform):
    """Cut out a part of the picture that holds the whole target.

    Only where the sentence tells its target by category and colour alone: it stays true, and fits nothing else, in
    whichever part. Where it tells it by place, order, size or landmark (see
    :func:`~mmrrsis.datasets.expression_kind.expression_kind`), or the mask is empty, the sample stays as it is.

    Stands between :class:`ChooseExpression` and ``Resize``. Draws from NumPy's global generator.

    Required keys: ``img`` (H, W, 3), ``gt_seg_map`` (H, W), ``expression``. Changed keys: ``img``, ``gt_seg_map``,
    ``img_shape``.

    Args:
        probability: Of cropping.
        smallest: Least side of the part over the picture's; each target needs at least its own box.

    Raises:
        ValueError: If an argument is not in [0, 1], or ``smallest`` is 0.
    """

    def __init__(self, probability: float = 0.5, smallest: float = 0.5) -> None:
        if not 0 <= probability <= 1 or not 0 < smallest <= 1:
            raise ValueError(
                f'RandomCropAroundTarget got `probability` = {probability} and `smallest` = {smallest}. Use numbers '
                'from 0 to 1, `smallest` above 0.'
            )
        self.probability = probability
        self.smallest = smallest

    def transform(self, results: dict) -> dict:
        """Crop the sample."""
        mask = results['gt_seg_map']
        if mask.shape[:2] != results['img'].shape[:2]:
            raise ValueError(
                f'RandomCropAroundTarget needs image and mask of one size, but they are {results["img"].shape[:2]} '
                f'and {mask.shape[:2]}. Place it behind LoadReferringMask and before Resize.'
            )
        if np.random.random() >= self.probability or expression_kind(results['expression']) not in _UNCHANGED_KINDS:
            return results
        columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
        if not len(columns):
            return results
        share = np.random.uniform(self.smallest, 1)
        part = []
        for length, first, last in zip(mask.shape[:2], (rows[0], columns[0]), (rows[-1], columns[-1]), strict=True):
            side = max(round(share * length), last + 1 - first)
            start = np.random.randint(max(0, last + 1 - side), min(first, length - side) + 1)
            part.append(slice(start, start + side))
        rows_kept, columns_kept = part
        results['img'] = np.ascontiguousarray(results['img'][rows_kept, columns_kept])
        results['gt_seg_map'] = np.ascontiguousarray(mask[rows_kept, columns_kept])
        results['img_shape'] = results['img'].shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(probability={self.probability}, smallest={self.smallest})'
