# Copyright (c) mmrrsis contributors.
"""What command lines and users call."""

from .checkpoint import CheckpointMismatchError, check_state_dict, load_checkpoint, read_state_dict
from .complexity import Cost, count_complexity, example_batch
from .config import ConfigError, check_config, check_custom_keys, explain_config_errors
from .dataset import build_dataset
from .inference import init_segmentor, segment_image
from .packaged_files import find_config, find_weights, list_configs
from .predict_samples import predict_samples
from .prediction_picture import draw_prediction
from .referring_inferencer import ReferringInferencer, ReferringPrediction
from .run_options import parse_run_options
from .runtime import prepare_runtime

__all__ = [
    'CheckpointMismatchError',
    'ConfigError',
    'Cost',
    'ReferringInferencer',
    'ReferringPrediction',
    'build_dataset',
    'check_config',
    'check_custom_keys',
    'check_state_dict',
    'count_complexity',
    'draw_prediction',
    'example_batch',
    'explain_config_errors',
    'find_config',
    'find_weights',
    'init_segmentor',
    'list_configs',
    'load_checkpoint',
    'parse_run_options',
    'predict_samples',
    'prepare_runtime',
    'read_state_dict',
    'segment_image',
]
