# Copyright (c) mmrrsis contributors.
"""The data of a config."""

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope

from mmrrsis.registry import DATASETS

from .config import explain_config_errors


def build_dataset(cfg: Config, split: str) -> BaseDataset:
    """Build the data set of a split.

    Args:
        cfg: A whole config.
        split: ``'train'``, ``'val'`` or ``'test'``: whose loader names the data set.

    Raises:
        ConfigError: If the config has a mistake.
    """
    init_default_scope(cfg.get('default_scope', 'mmrrsis'))
    with explain_config_errors(cfg):
        return DATASETS.build(cfg[f'{split}_dataloader'].dataset)
