# Copyright (c) mmrrsis contributors.
"""What runs around training and testing: checks of a config, the machine at hand, schedules, hooks."""

from .config import ConfigError, check_config, check_custom_keys, check_tokenizers, explain_config_errors, load_config
from .hooks import (
    AtomicCheckpointHook,
    CheckpointWriteError,
    LossGuardHook,
    NonFiniteLossError,
    ReferringVisualizationHook,
)
from .resume import ResumeError, find_resume, take_seed
from .runner import ReproducibleRunner
from .runtime import choose_device, explain_out_of_memory, prepare_runtime
from .schedule import iteration_options

__all__ = [
    'AtomicCheckpointHook',
    'CheckpointWriteError',
    'ConfigError',
    'LossGuardHook',
    'NonFiniteLossError',
    'ReferringVisualizationHook',
    'ReproducibleRunner',
    'ResumeError',
    'check_config',
    'check_custom_keys',
    'check_tokenizers',
    'choose_device',
    'explain_config_errors',
    'explain_out_of_memory',
    'find_resume',
    'iteration_options',
    'load_config',
    'prepare_runtime',
    'take_seed',
]
