# Copyright (c) mmrrsis contributors.
"""Hooks of the runner."""

from .atomic_checkpoint_hook import AtomicCheckpointHook, CheckpointWriteError
from .loss_guard_hook import LossGuardHook, NonFiniteLossError
from .referring_visualization_hook import ReferringVisualizationHook

__all__ = [
    'AtomicCheckpointHook',
    'CheckpointWriteError',
    'LossGuardHook',
    'NonFiniteLossError',
    'ReferringVisualizationHook',
]
