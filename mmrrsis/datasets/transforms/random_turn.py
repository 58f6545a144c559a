# Copyright (c) mmrrsis contributors.
"""Turning and mirroring a sample without making its sentence false."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from mmrrsis.datasets.expressions.turn import Turn
from mmrrsis.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomTurn(BaseTransform):
    """Mirror and rotate image and mask, and exchange the words of direction accordingly.

    Left becomes right where the picture is mirrored, left becomes bottom where it is turned by a quarter
    counterclockwise; the same holds for corners, 'leftmost', 'second from the left', 'above'. A sample whose
    expression has words that cannot be exchanged ('in the north', 'behind') stays as it is; see
    :meth:`~mmrrsis.datasets.expressions.turn.Turn.expression`.

    Stands between :class:`ChooseExpression` and :class:`TokenizeExpression`. Draws from NumPy's global generator.

    Required keys: ``img`` (H, W, 3), ``expression``; ``gt_seg_map`` (H, W) where there is one. Changed keys: these,
    ``img_shape``. Added keys: ``turn``, the :class:`Turn`.

    Args:
        mirror: Probability of exchanging left and right.
        rotate: Probability of rotating. A half turn of a mirrored picture exchanges top and bottom.
        angles: Degrees counterclockwise to rotate by, equally often. ``(180,)`` for pictures that are not square.

    Raises:
        ValueError: If a probability is not in [0, 1], or an angle is none of 90, 180 and 270.
    """

    def __init__(self, mirror: float = 0.5, rotate: float = 0.75, angles: Sequence[int] = (90, 180, 270)) -> None:
        for name, value in (('mirror', mirror), ('rotate', rotate)):
            if not 0 <= value <= 1:
                raise ValueError(f'RandomTurn got `{name}` = {value}. Use a probability from 0 to 1.')
        if not angles or not set(angles) <= {90, 180, 270}:
            raise ValueError(f'RandomTurn got `angles` = {angles}. Use one or more of 90, 180 and 270 degrees.')
        self.mirror = mirror
        self.rotate = rotate
        self.angles = tuple(angles)

    def transform(self, results: dict) -> dict:
        """Turn the sample."""
        mirrored = bool(np.random.random() < self.mirror)
        quarters = int(np.random.choice(self.angles)) // 90 if np.random.random() < self.rotate else 0
        turn = Turn(mirrored, quarters)
        expression = turn.expression(results['expression'])
        if expression is None:
            turn, expression = Turn(), results['expression']
        results['turn'] = turn
        results['expression'] = expression
        results['img'] = turn.picture(results['img'])
        results['img_shape'] = results['img'].shape[:2]
        if 'gt_seg_map' in results:
            results['gt_seg_map'] = turn.picture(results['gt_seg_map'])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(mirror={self.mirror}, rotate={self.rotate}, angles={self.angles})'
