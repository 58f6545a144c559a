# Copyright (c) mmrrsis contributors.
"""Transforms of referring samples."""

# Registers LoadImageFromFile and Resize in MMEngine's registry, where a config of scope mmrrsis finds them.
import mmcv.transforms  # noqa: F401

from .choose_expression import ChooseExpression
from .load_referring_mask import LoadReferringMask
from .mask_key_phrase import MaskKeyPhrase
from .pack_referring_inputs import PackReferringInputs
from .random_crop_around_target import RandomCropAroundTarget
from .random_turn import RandomTurn
from .tokenize_expression import TokenizeExpression

__all__ = [
    'ChooseExpression',
    'LoadReferringMask',
    'MaskKeyPhrase',
    'PackReferringInputs',
    'RandomCropAroundTarget',
    'RandomTurn',
    'TokenizeExpression',
]
