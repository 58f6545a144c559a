# Copyright (c) mmrrsis contributors.
"""Data sets of referring remote sensing image segmentation."""

from . import tokenizers, transforms
from .base_referring_dataset import BaseReferringDataset
from .errors import ReferringDataError, ReferringFileNotFoundError
from .expression_kind import EXPRESSION_KINDS, expression_kind
from .refsegrs import RefSegRSDataset
from .risbench import RISBenchDataset
from .rrsisd import RRSISDDataset
from .synthrs import SynthRSDataset
from .vhr10_ref import VHR10RefDataset

__all__ = [
    'EXPRESSION_KINDS',
    'BaseReferringDataset',
    'RISBenchDataset',
    'RRSISDDataset',
    'RefSegRSDataset',
    'ReferringDataError',
    'ReferringFileNotFoundError',
    'SynthRSDataset',
    'VHR10RefDataset',
    'expression_kind',
    'tokenizers',
    'transforms',
]
