# Copyright (c) mmrrsis contributors.
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmrrsis.checkpoint_file import read_checkpoint_file

from .stub_parts import read_scalars

ROOT = Path(__file__).resolve().parents[2]
CONFIG = Path(__file__).with_name('stub_config.py')


def call(script, *arguments, cwd, check=True):
    """Run a command line as a user does; `custom_imports` of the stub config finds its parts by PYTHONPATH."""
    env = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    program = [str(script)] if str(script).endswith('.sh') else [sys.executable, str(script)]
    done = subprocess.run(
        [*program, *map(str, arguments)], cwd=cwd, env=dict(env, PYTHON=sys.executable), capture_output=True, text=True
    )
    if check:
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def train(work_dir, *arguments, check=True):
    work_dir.parent.mkdir(exist_ok=True)
    return call(ROOT / 'tools/train.py', CONFIG, '--work-dir', work_dir, *arguments, cwd=work_dir.parent, check=check)


def test(work_dir, checkpoint, *arguments, check=True):
    arguments = (CONFIG, checkpoint, '--work-dir', work_dir, *arguments)
    return call(ROOT / 'tools/test.py', *arguments, cwd=work_dir.parent, check=check)


test.__test__ = False  # a helper


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A run of two epochs with a learning rate that solves the task."""
    work_dir = tmp_path_factory.mktemp('trained') / 'run'
    options = ('--cfg-options', 'optim_wrapper.optimizer.lr=0.5', 'train_cfg.max_epochs=10')
    done = train(work_dir, *options)
    return work_dir, done.stdout + done.stderr


@pytest.fixture(scope='module')
def best(trained):
    (checkpoint,) = trained[0].glob('best_mIoU_*.pth')
    return checkpoint


@pytest.mark.slow
def test_training_on_a_cpu_says_that_it_computes_in_float32(trained):
    work_dir, output = trained
    assert 'mixed precision is off, this run computes in float32' in output
    assert (work_dir / 'epoch_10.pth').is_file()


@pytest.mark.slow
def test_metrics_are_written_for_either_split(trained, best, tmp_path):
    test(tmp_path / 'w', best, '--out', tmp_path / 'new' / 'test.json')
    assert json.loads((tmp_path / 'new' / 'test.json').read_text()) == dict(mIoU=100.0, oIoU=100.0, samples=6)
    test(tmp_path / 'w', best, '--out', tmp_path / 'val.json', '--split', 'val')
    assert json.loads((tmp_path / 'val.json').read_text())['samples'] == 4


@pytest.mark.slow
def test_shuffled_expressions_mislead_the_model(best, tmp_path):
    test(tmp_path / 'w', best, '--out', tmp_path / 'a.json', '--shuffle-expressions')
    assert json.loads((tmp_path / 'a.json').read_text())['mIoU'] == 0.0


@pytest.mark.slow
def test_show_dir_gets_a_picture_of_every_sample(best, tmp_path):
    test(tmp_path / 'w', best, '--show-dir', tmp_path / 'shown')
    assert sorted(path.name for path in (tmp_path / 'shown').iterdir()) == [f'00000{i}_{i}.png' for i in range(6)]


@pytest.mark.slow
def test_checkpoint_of_another_architecture_is_refused(best, tmp_path):
    done = test(tmp_path / 'w', best, '--cfg-options', 'model.width=3', check=False)
    assert done.returncode != 0
    assert 'does not fit the model StubSegmentor' in done.stderr
    assert 'encoder.weight: checkpoint (2, 1), model (3, 1)' in done.stderr


@pytest.mark.slow
def test_resuming_another_architecture_is_refused(trained):
    work_dir, _ = trained
    done = train(work_dir, '--resume', '--cfg-options', 'model.width=3', 'train_cfg.max_epochs=11', check=False)
    assert done.returncode != 0
    assert 'does not fit the model StubSegmentor' in done.stderr


@pytest.mark.slow
def test_seeded_runs_repeat_exactly_and_resuming_continues(tmp_path):
    for name in 'ab':
        train(tmp_path / name)
    assert read_scalars(tmp_path / 'a') == read_scalars(tmp_path / 'b')
    first, second = (read_checkpoint_file(tmp_path / n / 'epoch_2.pth')['state_dict'] for n in 'ab')
    assert all(torch.equal(first[key], second[key]) for key in first)
    train(tmp_path / 'c', '--cfg-options', 'randomness.seed=1')
    assert read_scalars(tmp_path / 'c') != read_scalars(tmp_path / 'a')
    train(tmp_path / 'a', '--resume', '--cfg-options', 'train_cfg.max_epochs=3')
    assert read_checkpoint_file(tmp_path / 'a' / 'epoch_3.pth')['meta']['iter'] == 12


@pytest.mark.slow
@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('train_dataloder.batch_size=2', 'Unknown config key `train_dataloder`. Did you mean `train_dataloader`?'),
        ('model.wdth=2', '`model.wdth`: StubSegmentor takes no argument `wdth`.'),
        ('model.type=StubSegmenter', '`model.type` is `StubSegmenter`, which is not in the mmrrsis::model registry'),
        ('train_dataloader.dataset.lenght=3', '`train_dataloader.dataset.lenght`: StubDataset takes no argument'),
        ('optim_wrapper.paramwise_cfg.custom_keys.encodr.lr_mult=0.1', 'the entry `encodr`'),
    ],
)
def test_mistakes_in_a_config_are_named(tmp_path, option, message):
    done = train(tmp_path / 'w', '--cfg-options', option, check=False)
    assert done.returncode != 0
    assert message in done.stderr


@pytest.mark.slow
def test_missing_checkpoint_to_resume_is_named(tmp_path):
    done = train(tmp_path / 'w', '--resume', 'none.pth', check=False)
    assert 'FileNotFoundError: --resume: there is no checkpoint none.pth' in done.stderr


@pytest.mark.slow
def test_two_processes_on_a_cpu_train_and_test_as_one_does(trained, best, tmp_path):
    port = 29000 + os.getpid() % 900
    os.environ['PORT'] = str(port)
    options = ('--cfg-options', 'optim_wrapper.optimizer.lr=0.5', 'train_cfg.max_epochs=10')
    call(ROOT / 'tools/dist_train.sh', CONFIG, 2, '--work-dir', tmp_path / 'run', *options, cwd=tmp_path)
    assert read_checkpoint_file(tmp_path / 'run/epoch_10.pth')['meta']['iter'] == 20  # half of one process
    out = ('--work-dir', tmp_path / 'w', '--out', tmp_path / 'a.json', '--show-dir', tmp_path / 'shown')
    call(ROOT / 'tools/dist_test.sh', CONFIG, best, 2, *out, cwd=tmp_path)
    assert json.loads((tmp_path / 'a.json').read_text()) == dict(mIoU=100.0, oIoU=100.0, samples=6)
    assert sorted(path.name for path in (tmp_path / 'shown').iterdir()) == [f'00000{i}_{i}.png' for i in range(6)]
