# Copyright (c) mmrrsis contributors.
"""What command lines and users call."""

from .checkpoint import CheckpointMismatchError, check_state_dict, load_checkpoint, read_state_dict
from .config import ConfigError, check_config, check_custom_keys, explain_config_errors
from .inference import init_segmentor, segment_image
from .runtime import prepare_runtime

__all__ = [
    'CheckpointMismatchError',
    'ConfigError',
    'check_config',
    'check_custom_keys',
    'check_state_dict',
    'explain_config_errors',
    'init_segmentor',
    'load_checkpoint',
    'prepare_runtime',
    'read_state_dict',
    'segment_image',
]
