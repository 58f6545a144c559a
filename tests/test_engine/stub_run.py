# Copyright (c) mmrrsis contributors.
"""Run the stub config of the command lines' tests inside the test's process."""

import itertools
from pathlib import Path

from mmengine.config import Config

from mmrrsis.cli.train import train

CONFIG = Path(__file__).parents[1] / 'test_tools' / 'stub_config.py'
_COUNT = itertools.count()


def stub_cfg(work_dir, **options):
    cfg = Config.fromfile(CONFIG)
    cfg.merge_from_dict({key.replace('__', '.'): value for key, value in options.items()})
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].dataset.data_root = str(Path(work_dir).parent)
    cfg.launcher, cfg.work_dir = 'none', str(work_dir)
    cfg.experiment_name = cfg.visualizer.name = f'stub_{next(_COUNT)}'  # MMEngine keeps what it made by its name
    return cfg


def run_stub(work_dir, go_on=None, **options):
    train(stub_cfg(work_dir, **options), go_on)
