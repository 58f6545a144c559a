# Copyright (c) mmrrsis contributors.
"""The real command lines on the real parts: SynthRS, the small CD2FSAN, two processes on the CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmrrsis.images import read_image

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py'

pytestmark = pytest.mark.slow


def call(*command):
    port = str(29000 + os.getpid() % 900)
    env = dict(os.environ, PYTHON=sys.executable, PORT=port, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    done = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Two iterations in each of two processes, then the folder of the run, its checkpoint and the config options."""
    folder = tmp_path_factory.mktemp('synthrs')
    sizes = ('--train', 4, '--val', 3, '--test', 2)
    writer = ROOT / 'tools/dataset_converters/synthrs.py'
    call(sys.executable, writer, '--out', folder / 'data', '--layout', 'rrsisd', '--level', 'easy', *sizes)
    options = [f'{split}_dataloader.dataset.data_root={folder / "data"}' for split in ('train', 'val', 'test')]
    options += ['model.encoder.pretrained=None', 'train_dataloader.dataset.indices=8', 'train_dataloader.batch_size=2']
    options = ['--cfg-options', *options, 'train_cfg.max_iters=2', 'train_cfg.val_interval=2']
    call(ROOT / 'tools/dist_train.sh', CONFIG, 2, '--work-dir', folder / 'run', *options)
    (checkpoint,) = (folder / 'run').glob('best_mIoU_*.pth')
    return folder, checkpoint, options


def test_two_processes_give_the_metrics_of_one(run):
    folder, checkpoint, options = run
    out = ('--split', 'val', '--work-dir', folder / 'test')
    call(ROOT / 'tools/dist_test.sh', CONFIG, checkpoint, 2, *out, '--out', folder / 'two.json', *options)
    call(sys.executable, ROOT / 'tools/test.py', CONFIG, checkpoint, *out, '--out', folder / 'one.json', *options)
    one, two = (json.loads((folder / name).read_text()) for name in ('one.json', 'two.json'))
    assert {'mIoU', 'oIoU'} <= set(one)
    assert two == pytest.approx(one, abs=0.05)  # other batches, other rounding at the threshold


def test_demo_writes_a_picture_of_the_photograph(run, tmp_path):
    _, checkpoint, _ = run
    image = ROOT / 'demo/OSBS_029.tif'
    command = (ROOT / 'demo/image_demo.py', image, 'the tree in the center', CONFIG, checkpoint)
    said = call(sys.executable, *command, '--out-file', tmp_path / 'all.png', '--threshold', '0')
    call(sys.executable, *command, '--out-file', tmp_path / 'none.png', '--threshold', '1')
    assert '100.0% of OSBS_029.tif above 0' in said
    np.testing.assert_array_equal(read_image(tmp_path / 'none.png'), read_image(image))
    assert read_image(tmp_path / 'all.png').shape == (400, 400, 3)
    assert (read_image(tmp_path / 'all.png') != read_image(image)).mean() > 0.5


def test_contact_sheet_has_the_rows_asked_for(run, tmp_path):
    _, checkpoint, options = run
    options = options[:4]  # those of the data
    tool = ROOT / 'tools/visualization/contact_sheet.py'
    for rows in (1, 3):
        out = ('--split', 'val', '--samples', rows, '--out', tmp_path / f'{rows}.png')
        call(sys.executable, tool, CONFIG, checkpoint, *out, *options)
    one, three = (read_image(tmp_path / f'{rows}.png') for rows in (1, 3))
    assert three.shape[0] - one.shape[0] == pytest.approx(500, abs=3)
