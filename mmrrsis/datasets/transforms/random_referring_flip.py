# Copyright (c) mmrrsis contributors.
"""Mirroring image, mask and words together."""

import re

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform

from mmrrsis.registry import TRANSFORMS

_LEFT_RIGHT = (('left', 'right'), ('leftmost', 'rightmost'))
_TOP_BOTTOM = (
    ('upper', 'lower'), ('top', 'bottom'), ('topmost', 'bottommost'), ('uppermost', 'lowest'), ('above', 'below'),
)  # fmt: skip
#: For each direction of ``mmcv.imflip`` the words that change.
EXCHANGED = {
    direction: {word: other for pair in pairs for word, other in (pair, pair[::-1])}
    for direction, pairs in (('horizontal', _LEFT_RIGHT), ('vertical', _TOP_BOTTOM))
}


def exchange_words(expression: str, direction: str) -> str:
    """Return what an expression has to say of the mirrored image.

    Args:
        expression: For example ``'The second ship from the left'``.
        direction: ``'horizontal'`` (left and right change places) or ``'vertical'``.
    """
    return re.sub(r'[a-z]+', lambda match: EXCHANGED[direction].get(match[0], match[0]), expression)


@TRANSFORMS.register_module()
class RandomReferringFlip(BaseTransform):
    """Mirror image and mask, and exchange left and right, or top and bottom, in the expression: it stays true.

    For the words of SynthRS and VHR10-Ref, see :data:`EXCHANGED`; others (compass directions, clock positions) are
    not exchanged.

    Required keys: ``img``, ``gt_seg_map``, ``expression``, so it stands behind ``ChooseExpression`` and before
    ``TokenizeExpression``. Changed keys: the same.

    Args:
        horizontal: Probability of exchanging left and right.
        vertical: Probability of exchanging top and bottom.
    """

    def __init__(self, horizontal: float = 0.5, vertical: float = 0.5) -> None:
        self.probabilities = dict(horizontal=horizontal, vertical=vertical)

    def transform(self, results: dict) -> dict:
        """Mirror in each direction with its probability, drawn from NumPy's global generator."""
        for direction, probability in self.probabilities.items():
            if np.random.rand() < probability:
                for key in ('img', 'gt_seg_map'):
                    results[key] = np.ascontiguousarray(mmcv.imflip(results[key], direction))
                results['expression'] = exchange_words(results['expression'], direction)
        return results
