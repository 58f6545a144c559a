# Copyright (c) mmrrsis contributors.
"""Referring remote sensing image segmentation on MMEngine."""

import warnings

from .dependencies import check_stack
from .version import __version__

check_stack()
# mmcv says this at every start on a machine without its compiled operators, which nothing here needs.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')

__all__ = ['__version__']
