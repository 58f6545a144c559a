# Copyright (c) mmrrsis contributors.
import argparse
import os
import subprocess
from pathlib import Path

import pytest
from mmengine.config import Config

from mmrrsis.cli import train
from mmrrsis.cli.test import apply_options

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cfg():
    return Config.fromfile(Path(__file__).with_name('stub_config.py'), import_custom_modules=False)


def test_amp_replaces_the_plain_wrapper_only(cfg):
    cfg.optim_wrapper = dict(type='OptimWrapper')
    train.enable_amp(cfg)
    assert cfg.optim_wrapper == dict(type='AmpOptimWrapper', loss_scale='dynamic')
    train.enable_amp(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    cfg.optim_wrapper = dict(type='ApexOptimWrapper')
    with pytest.raises(ValueError, match=r'`optim_wrapper.type` is `ApexOptimWrapper`'):
        train.enable_amp(cfg)


def options(**changes):
    given = dict(config='configs/a.py', work_dir=None, split='test', shuffle_expressions=False, show_dir=None)
    return argparse.Namespace(**{**given, **changes})


def test_options_of_test(cfg):
    before = cfg.to_dict()
    apply_options(cfg, options())
    assert cfg.work_dir == 'work_dirs/a'
    assert cfg.test_dataloader.to_dict() == before['test_dataloader']
    apply_options(cfg, options(split='val', shuffle_expressions=True, show_dir='shown', work_dir='w'))
    assert cfg.work_dir == 'w'
    assert cfg.test_dataloader.dataset.length == 4, 'the validation set'
    assert cfg.test_dataloader.dataset.shuffle_expressions is True
    assert cfg.default_hooks.visualization == dict(type='ReferringVisualizationHook', draw=True, out_dir='shown')


@pytest.mark.parametrize('name', ['dist_train', 'dist_test', 'slurm_train', 'slurm_test'])
def test_launchers_name_their_arguments(name):
    done = subprocess.run([ROOT / f'tools/{name}.sh', 'only-one'], capture_output=True, text=True)
    assert done.returncode == 2
    assert 'usage' in done.stderr and 'CONFIG' in done.stderr


def test_slurm_launchers_pass_everything_on(tmp_path):
    fake = tmp_path / 'srun'
    fake.write_text('#!/bin/sh\nfor a in "$@"; do echo "[$a]"; done\n')
    fake.chmod(0o755)
    env = dict(os.environ, PATH=f'{tmp_path}:{os.environ["PATH"]}', GPUS='8', GPUS_PER_NODE='4', SRUN_ARGS='-A me')
    program = [ROOT / 'tools/slurm_train.sh', 'part', 'job', 'cfg.py', '--cfg-options', 'a="[1, 2]"']
    given = subprocess.run(program, capture_output=True, text=True, env=env, check=True).stdout.split('\n')
    for expected in (
        '[part]',
        '[--ntasks=8]',
        '[--gres=gpu:4]',
        '[-A]',
        '[me]',
        '[slurm]',
        '[cfg.py]',
        '[a="[1, 2]"]',
    ):
        assert expected in given
    program = [ROOT / 'tools/slurm_test.sh', 'part', 'job', 'cfg.py', 'a.pth', '--out', 'a b.json']
    given = subprocess.run(program, capture_output=True, text=True, env=env, check=True).stdout.split('\n')
    assert given[given.index('[cfg.py]') + 1] == '[a.pth]'
    assert '[a b.json]' in given


def ensure_env(tmp_path, extras='', **env):
    """Source the script in a copy of the checkout whose installation is marked as done."""
    script = f'. {ROOT}/tools/ensure_env.sh; ensure_env {extras}'
    command = f'set -euo pipefail; ROOT={tmp_path}; {script}; echo "got $ENV_PYTHON"'
    clean = {key: value for key, value in os.environ.items() if key not in ('VIRTUAL_ENV', 'CONDA_PREFIX')}
    return subprocess.run(['bash', '-c', command], capture_output=True, text=True, env={**clean, **env})


@pytest.fixture
def checkout(tmp_path):
    """A checkout with an environment whose `pip` only notes its arguments."""
    (tmp_path / 'requirements').mkdir()
    for name in ('setup.py', 'pyproject.toml', 'requirements/install.txt'):
        (tmp_path / name).write_text(name)
    (tmp_path / '.venv/bin').mkdir(parents=True)
    python = tmp_path / '.venv/bin/python'
    python.write_text(f'#!/bin/sh\nif [ "$2" = pip ]; then echo "$@" >>{tmp_path}/pip.log; fi\n')
    python.chmod(0o755)
    return tmp_path


def installs(checkout):
    return [line for line in (checkout / 'pip.log').read_text().splitlines() if ' install ' in line]


def test_environment_is_installed_once_and_again_when_requirements_change(checkout):
    for expected in (1, 1):
        done = ensure_env(checkout)
        assert done.returncode == 0, done.stderr
        assert f'got {checkout}/.venv/bin/python' in done.stdout
        assert len(installs(checkout)) == expected
    assert f'-e {checkout}' in installs(checkout)[0]
    (checkout / 'requirements/install.txt').write_text('other')
    ensure_env(checkout)
    assert len(installs(checkout)) == 2


def test_extras_are_installed_together_and_each_counts_by_itself(checkout):
    for extras, expected in (('tests,docs', 1), ('docs', 1), ('tests', 1), ('', 1), ('tests,geo', 2)):
        done = ensure_env(checkout, extras)
        assert done.returncode == 0, done.stderr
        assert len(installs(checkout)) == expected, extras
    assert installs(checkout)[0].endswith(f'-e {checkout}[tests,docs]')


def test_active_environment_is_used(checkout):
    (checkout / '.venv').rename(checkout / 'mine')
    done = ensure_env(checkout, VIRTUAL_ENV=str(checkout / 'mine'))
    assert f'got {checkout}/mine/bin/python' in done.stdout
    assert not (checkout / '.venv').exists()


def test_old_or_missing_python_is_named(tmp_path):
    done = ensure_env(tmp_path, PYTHON='no-such-python')
    assert done.returncode != 0
    assert 'needs Python 3.10 or newer, but there is no `no-such-python`' in done.stderr
    old = tmp_path / 'old-python'
    old.write_text('#!/bin/sh\ncase "$1" in -V) echo Python 3.9.1;; *) exit 1;; esac\n')
    old.chmod(0o755)
    done = ensure_env(tmp_path, PYTHON=str(old))
    assert done.returncode != 0
    assert 'needs Python 3.10 or newer, but' in done.stderr and 'Python 3.9.1' in done.stderr
