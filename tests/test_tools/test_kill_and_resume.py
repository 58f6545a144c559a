# Copyright (c) mmrrsis contributors.
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != 'linux', reason='forks')
@pytest.mark.parametrize(
    ('config', 'processes', 'options'),
    [
        ('stub_iteration_config.py', '1', []),
        ('stub_iteration_config.py', '2', []),
        ('stub_config.py', '1', ['--cfg-options', 'train_cfg.max_epochs=4', 'default_hooks.logger.interval=1']),
    ],
)
def test_a_killed_and_resumed_training_is_the_one_that_never_stopped(tmp_path, config, processes, options):
    tool = ROOT / 'tools/analysis/kill_and_resume.py'
    command = [sys.executable, tool, Path(__file__).with_name(config), '--work-dir', tmp_path / 'runs', '--kills', '2']
    env = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    command += ['--processes', processes, *options]
    done = subprocess.run(list(map(str, command)), env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == dict(kills=2, equal=2, processes=int(processes))
