# Copyright (c) mmrrsis contributors.
import pytest
import torch
from mmengine.config import Config

from mmrrsis.engine import choose_device, explain_out_of_memory, prepare_runtime, runtime
from mmrrsis.engine.runtime import OutOfMemoryError


@pytest.fixture
def cfg():
    wrapper = dict(type='AmpOptimWrapper', loss_scale='dynamic', optimizer=dict(type='Adam', lr=0.1))
    return Config(dict(launcher='none', optim_wrapper=wrapper, env_cfg=dict(dist_cfg=dict(backend='nccl'))))


def test_mixed_precision_becomes_float32_on_a_cpu(cfg, monkeypatch, capsys):
    monkeypatch.setattr(runtime, 'get_device', lambda: 'cpu')
    prepare_runtime(cfg)
    assert cfg.optim_wrapper.to_dict() == dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.1))
    assert cfg.env_cfg.dist_cfg.backend == 'nccl', 'one process needs no process group'


def test_nothing_changes_with_an_accelerator(cfg, monkeypatch):
    monkeypatch.setattr(runtime, 'get_device', lambda: 'cuda')
    before = cfg.to_dict()
    cfg.launcher = 'pytorch'
    prepare_runtime(cfg)
    assert cfg.to_dict() == dict(before, launcher='pytorch')


def test_processes_talk_through_gloo_on_a_cpu(cfg, monkeypatch):
    started = []
    monkeypatch.setattr(runtime, 'get_device', lambda: 'cpu')
    monkeypatch.setattr(torch.distributed, 'init_process_group', started.append)
    cfg.launcher = 'pytorch'
    cfg.find_unused_parameters = True
    prepare_runtime(cfg)
    assert started == ['gloo']
    assert cfg.env_cfg.dist_cfg.backend == 'gloo'
    assert cfg.model_wrapper_cfg.device_ids is None
    assert cfg.model_wrapper_cfg.find_unused_parameters is True


def test_slurm_without_an_accelerator_is_refused(cfg, monkeypatch):
    monkeypatch.setattr(runtime, 'get_device', lambda: 'cpu')
    cfg.launcher = 'slurm'
    with pytest.raises(ValueError, match=r'the launcher `slurm` needs one'):
        prepare_runtime(cfg)


@pytest.mark.parametrize('device', ['gpu', 'cuda:99', 'meta', 'xpu:99'])
def test_devices_that_are_not_there_are_named(device):
    with pytest.raises(ValueError, match=f'The device `{device}` cannot be used: .*Devices of this machine: cpu'):
        choose_device(device)
    assert choose_device('cpu').type == 'cpu'


def test_out_of_memory_names_the_keys_to_change():
    cfg = Config(dict(train_dataloader=dict(batch_size=7)))
    with pytest.raises(OutOfMemoryError, match=r'`train_dataloader.batch_size` \(now 7\).*accumulative_counts'):
        with explain_out_of_memory(cfg):
            raise torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 2 GiB')
    with pytest.raises(RuntimeError, match='^other$'), explain_out_of_memory(cfg):
        raise RuntimeError('other')
