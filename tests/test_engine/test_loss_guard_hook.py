# Copyright (c) mmrrsis contributors.
import itertools

import pytest
import torch

from mmrrsis.checkpoint_file import read_checkpoint_file
from mmrrsis.engine import NonFiniteLossError
from mmrrsis.engine.hooks import LossGuardHook
from tests.test_tools.stub_parts import StubSegmentor

from .stub_run import run_stub


@pytest.fixture
def break_loss(tmp_path, monkeypatch):
    """Break the losses of some iterations; an epoch has four."""
    monkeypatch.chdir(tmp_path)
    forward, count = StubSegmentor.forward, itertools.count()

    def breaking(iterations, value=float('nan')):
        def broken(model, inputs, data_samples, mode):
            result = forward(model, inputs, data_samples, mode)
            if mode == 'loss' and next(count) in iterations:
                broken.before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
                result['loss'] = result['loss'] * value
            return result

        monkeypatch.setattr(StubSegmentor, 'forward', broken)
        return broken

    return breaking


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_it_stops_and_names_the_samples(break_loss, tmp_path, value):
    break_loss({5}, value)
    with pytest.raises(NonFiniteLossError, match=r'Iteration 6: loss of the samples \d, \d is not finite'):
        run_stub(tmp_path / 'run')
    assert sorted(path.name for path in (tmp_path / 'run').glob('epoch_*')) == ['epoch_1.pth']


def test_a_skipped_iteration_changes_no_weight(break_loss, tmp_path):
    broken = break_loss({3})  # the last of the epoch
    run_stub(tmp_path / 'run', train_cfg__max_epochs=1, default_hooks__loss_guard__action='skip')
    content = read_checkpoint_file(tmp_path / 'run/epoch_1.pth')
    assert all(torch.equal(content['state_dict'][key], tensor) for key, tensor in broken.before.items())
    assert all(torch.isfinite(tensor).all() for tensor in content['state_dict'].values())
    assert content['optimizer']['state'][0]['step'] == 3


def test_skips_without_an_end_stop(break_loss, tmp_path):
    break_loss(range(1000))
    options = dict(default_hooks__loss_guard__action='skip', default_hooks__loss_guard__max_skips=2)
    with pytest.raises(NonFiniteLossError, match='It is number 3 in a row'):
        run_stub(tmp_path / 'run', **options)


def test_an_unknown_action_is_refused():
    with pytest.raises(ValueError, match="'stop' or 'skip' but is 'go'"):
        LossGuardHook(action='go')
