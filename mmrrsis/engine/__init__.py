# Copyright (c) mmrrsis contributors.
"""What runs around training and testing: checks of a config, the machine at hand, schedules, hooks."""

from .config import ConfigError, check_config, check_custom_keys, explain_config_errors, load_config
from .hooks import ReferringVisualizationHook
from .runtime import choose_device, prepare_runtime
from .schedule import iteration_options

__all__ = [
    'ConfigError',
    'ReferringVisualizationHook',
    'check_config',
    'check_custom_keys',
    'choose_device',
    'explain_config_errors',
    'iteration_options',
    'load_config',
    'prepare_runtime',
]
