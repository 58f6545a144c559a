# Copyright (c) mmrrsis contributors.
"""What runs around training and testing: checks of a config, the machine at hand, schedules, hooks."""

from .config import ConfigError, check_config, check_custom_keys, explain_config_errors, load_config
from .hooks import AtomicCheckpointHook, CheckpointWriteError, ReferringVisualizationHook
from .resume import ResumeError, find_resume, take_seed
from .runner import ReproducibleRunner
from .runtime import choose_device, prepare_runtime
from .schedule import iteration_options

__all__ = [
    'AtomicCheckpointHook',
    'CheckpointWriteError',
    'ConfigError',
    'ReferringVisualizationHook',
    'ReproducibleRunner',
    'ResumeError',
    'check_config',
    'check_custom_keys',
    'choose_device',
    'explain_config_errors',
    'find_resume',
    'iteration_options',
    'load_config',
    'prepare_runtime',
    'take_seed',
]
