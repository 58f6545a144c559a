# Copyright (c) mmrrsis contributors.
"""Choosing one expression of a target."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmrrsis.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ChooseExpression(BaseTransform):
    """Choose one expression at random, or take the only one.

    Draws from NumPy's global generator, which the runner seeds for every sample.

    Required keys: ``expressions``. Added keys: ``expression``.

    Raises:
        ValueError: If ``expressions`` is not a list, or empty.
    """

    def transform(self, results: dict) -> dict:
        """Add ``expression`` to the results."""
        expressions = results['expressions']
        if not isinstance(expressions, (list, tuple)) or not expressions:
            raise ValueError(
                f'ChooseExpression needs a list of one or more expressions, but `expressions` is {expressions!r}.'
            )
        index = np.random.randint(len(expressions)) if len(expressions) > 1 else 0
        results['expression'] = expressions[index]
        return results
