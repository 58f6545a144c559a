# Copyright (c) mmrrsis contributors.
"""Models of referring segmentation."""

from .decode_heads import *  # noqa: F403
from .encoders import *  # noqa: F403
from .fusions import *  # noqa: F403
from .losses import *  # noqa: F403
from .necks import *  # noqa: F403
from .segmentors import *  # noqa: F403
