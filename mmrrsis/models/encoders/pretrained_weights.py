# Copyright (c) mmrrsis contributors.
"""What the encoders say of the weights that they start from."""

import logging
import warnings
from collections.abc import Mapping

from mmengine.logging import print_log
from torch import Tensor

_MAX_LISTED = 8


def warn_random_weights(owner: str, key: str, expected: str) -> None:
    """Say loudly that a tower starts from random weights.

    Args:
        owner: Class of the tower.
        key: Config key of its weights.
        expected: What published scores start from.
    """
    message = (
        f'{owner} starts from RANDOM weights ({key}=None). Published scores build on {expected}: expect far '
        'lower ones.'
    )
    warnings.warn(message, stacklevel=3)
    print_log(message, logger='current', level=logging.WARNING)


def check_fit(state_dict: Mapping[str, Tensor], own: Mapping[str, Tensor], source: str, key: str, hint: str) -> None:
    """Check that weights have the keys and shapes of a model.

    Args:
        state_dict: The weights.
        own: The model's state dict.
        source: Where the weights come from.
        key: Config key of the architecture, with its value if that helps.
        hint: What to do.

    Raises:
        ValueError: Names the first keys that are missing, unexpected or of another shape.
    """
    faults = [f'missing: {name}' for name in own if name not in state_dict]
    faults += [f'unexpected: {name}' for name in state_dict if name not in own]
    faults += [
        f'{name}: {tuple(value.shape)} in the file, {tuple(own[name].shape)} in the model'
        for name, value in state_dict.items()
        if name in own and value.shape != own[name].shape
    ]
    if faults:
        shown = '\n  '.join(faults[:_MAX_LISTED])
        raise ValueError(f'{source} does not fit {key} ({len(faults)} keys differ):\n  {shown}\n{hint}')
