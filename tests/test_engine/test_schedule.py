# Copyright (c) mmrrsis contributors.
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import CosineAnnealingLR, LinearLR

from mmrrsis.engine.schedule import iteration_options

CONFIGS = Path(__file__).parents[2] / 'configs/cd2fsan'
CONFIG = CONFIGS / 'cd2fsan_tiny_synthrs.py'


def rates(cfg):
    """The learning rate of each iteration, by MMEngine's own schedulers."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    kinds = {'LinearLR': LinearLR, 'CosineAnnealingLR': CosineAnnealingLR}
    schedulers = [
        kinds[entry.type](optimizer, **{key: value for key, value in entry.items() if key != 'type'})
        for entry in cfg.param_scheduler
    ]
    found = []
    for _ in range(cfg.train_cfg.max_iters):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return found


@pytest.mark.parametrize('iters', [1, 2, 7, 120, 600])
def test_the_rate_rises_and_falls_within_the_iterations(iters):
    cfg = Config.fromfile(CONFIG)
    cfg.merge_from_dict(iteration_options(cfg, iters))
    assert (cfg.train_cfg.max_iters, cfg.train_cfg.val_interval) == (iters, iters)
    found = rates(cfg)
    assert len(found) == iters
    if iters > 100:
        assert max(found) == pytest.approx(1, abs=0.02) and found.index(max(found)) <= max(101, iters // 4)
        assert found[0] < 0.05 and found[-1] < 0.01


def test_a_longer_training_keeps_its_warm_up():
    cfg = Config.fromfile(CONFIG)
    cfg.merge_from_dict(iteration_options(cfg, 5000))
    assert [(entry.get('begin', 0), entry.end) for entry in cfg.param_scheduler] == [(0, 100), (100, 5000)]


def test_refuses_epochs_and_nothing():
    with pytest.raises(ValueError, match='rrsisd.py counts epochs'):
        iteration_options(Config.fromfile(CONFIGS / 'cd2fsan_vitb_rrsisd.py'), 10)
    with pytest.raises(ValueError, match='at least one iteration'):
        iteration_options(Config.fromfile(CONFIG), 0)
