# Copyright (c) mmrrsis contributors.
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def call(*arguments, code=0):
    command = [sys.executable, ROOT / 'tools/analysis/run_table.py', *arguments]
    env = dict(os.environ, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    done = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True)
    assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_says_which_tables_there_are():
    assert "no table 'table44'. Choose one of" in call('table44', code=1)
    assert '--rows [9]: table5 has the rows 1 to 4' in call('table5', '--rows', 9, code=1)
    assert '--scale tiny runs on --data synthrs' in call('table5', '--scale', 'tiny', '--data', 'paper', code=2)


def test_says_how_to_write_the_data(tmp_path):
    options = ('--scale', 'tiny', '--work-dir', tmp_path / 'runs')
    said = call('table5', *options, '--cfg-options', f'train_dataloader.dataset.data_root={tmp_path}/synthrs', code=1)
    assert f'There is no data set in {tmp_path}/synthrs' in said and 'tools/dataset_converters/synthrs.py' in said


@pytest.mark.parametrize(('scale', 'last'), [('full', 'cd2fsan_vitb_rrsisd'), ('tiny', 'cd2fsan_tiny_synthrs')])
def test_rows_name_the_config_that_is_trained(monkeypatch, tmp_path, scale, last):
    """So that the costs of the same configs can be joined to them."""
    spec = importlib.util.spec_from_file_location('run_table', ROOT / 'tools/analysis/run_table.py')
    tool = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, tool)  # dataclasses look their module up
    spec.loader.exec_module(tool)
    arguments = ['run_table.py', 'table4', '--scale', scale, '--rows', '1', '7', '--work-dir', str(tmp_path)]
    monkeypatch.setattr(sys, 'argv', arguments)
    table = tool.find_tables(ROOT / 'configs')['table4']
    rows = tool.collect(table, tool.plan(table, tool.parse_args()), ['val'])
    assert [row['config'] for row in rows] == ['table4a_baseline', last]
    assert rows[0]['splits']['val']['mIoU'] == dict(paper=42.59, ours=None, deviation=None, seeds=0)


@pytest.mark.slow
def test_rows_are_trained_once_and_tabulated(tmp_path):
    writer = (sys.executable, ROOT / 'tools/dataset_converters/synthrs.py', '--out', tmp_path / 'data')
    sizes = ('--layout', 'rrsisd', '--level', 'easy', '--train', '4', '--val', '3', '--test', '3')
    subprocess.run([str(part) for part in (*writer, *sizes)], check=True, capture_output=True)
    options = [f'{split}_dataloader.dataset.data_root={tmp_path / "data"}' for split in ('train', 'val', 'test')]
    options += ['train_cfg.max_iters=1', 'train_cfg.val_interval=1', 'train_dataloader.batch_size=2']
    command = ('table4', '--scale', 'tiny', '--rows', 2, '--splits', 'val', '--work-dir', tmp_path / 'runs')

    said = call(*command, '--seeds', 0, '--cfg-options', *options)
    assert 'Paper: RRSIS-D' in said and '(b) layers 4, 7, 12' in said and '41.75' in said
    metrics = json.loads((tmp_path / 'runs/table4b_rfs-4-7-12/seed0/val.json').read_text())
    assert f'{metrics["mIoU"]:.2f}' in said
    config = (tmp_path / 'runs/table4b_rfs-4-7-12/seed0/settings.py').read_text()
    assert "type='FixedLayerSelection'" in config and '3,\n' in config
    written = (tmp_path / 'runs/table4b_rfs-4-7-12/seed0/val.json').stat().st_mtime_ns

    said = call(*command, '--seeds', 0, 1, '--cfg-options', *options)
    assert (tmp_path / 'runs/table4b_rfs-4-7-12/seed0/val.json').stat().st_mtime_ns == written
    other = json.loads((tmp_path / 'runs/table4b_rfs-4-7-12/seed1/val.json').read_text())
    cell = json.loads((tmp_path / 'runs/table4.json').read_text())['rows'][0]['splits']['val']['mIoU']
    assert cell['ours'] == pytest.approx((metrics['mIoU'] + other['mIoU']) / 2)
    assert cell['deviation'] == pytest.approx(abs(metrics['mIoU'] - other['mIoU']) / 2**0.5)
    assert (cell['seeds'], cell['paper']) == (2, 41.75)
    assert '±' in (tmp_path / 'runs/table4.md').read_text() and '| ' in (tmp_path / 'runs/table4.md').read_text()

    said = call(*command, '--cfg-options', *options, 'train_cfg.max_iters=2', code=1)
    assert 'was begun with another config' in said
