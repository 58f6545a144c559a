# Copyright (c) mmrrsis contributors.
"""The small BTDNet with a ConvNeXt of mmpretrain trains from its config."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmrrsis.datasets.synthesis.dataset_settings import DatasetSettings, write_dataset

CONFIG = Path(__file__).parents[2] / 'configs/btdnet/btdnet_tiny-convnext_synthrs.py'

pytest.importorskip('modelindex.load_model_index', reason='the extra mmpretrain is not installed')


def test_two_iterations(tmp_path):
    write_dataset(tmp_path / 'data', DatasetSettings('rrsisd', 'easy', train=4, val=2, test=1))
    cfg = Config.fromfile(CONFIG)
    cfg.work_dir = str(tmp_path / 'run')
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].update(num_workers=0, persistent_workers=False, batch_size=2)
        cfg[f'{split}_dataloader'].dataset.update(data_root=str(tmp_path / 'data'), indices=2)
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    runner = Runner.from_cfg(cfg)
    with (
        pytest.warns(UserWarning, match='mmpretrain.ConvNeXt starts from RANDOM weights'),
        pytest.warns(UserWarning, match='BERTStages starts from RANDOM weights'),
    ):
        runner.model.init_weights()
    before = {name: value.clone() for name, value in runner.model.named_parameters()}
    runner.train()
    assert runner.iter == 2
    stages = {
        name.split('.stages.')[1][0]
        for name, value in runner.model.named_parameters()
        if '.backbone.stages.' in name and not torch.equal(value, before[name])
    }
    assert stages == {'0', '1', '2', '3'}
    assert all(value.isfinite().all() for value in runner.model.parameters())
