# Copyright (c) mmrrsis contributors.
import json

import pytest

from mmrrsis.analysis import draw_training_curves, read_history
from mmrrsis.images import read_image


def write_log(work_dir, stamp, records):
    folder = work_dir / stamp / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(''.join(json.dumps(record) + '\n' for record in records))


def test_a_resumed_run_is_one_history_and_the_later_start_counts(tmp_path):
    write_log(
        tmp_path,
        '20260102_000000',
        [{'loss': 0.5, 'lr': 1.0, 'step': 20, 'epoch': 2}, {'mIoU': 30.0, 'step': 2}, {'loss': 0.4, 'step': 30}],
    )
    write_log(
        tmp_path,
        '20260101_000000',
        [{'loss': 0.9, 'step': 10}, {'mIoU': 10.0, 'step': 1}, {'loss': 0.8, 'step': 20}],
    )
    history = read_history(tmp_path)
    assert list(history.loss.items()) == [(10, 0.9), (20, 0.5), (30, 0.4)]
    assert list(history.metric.items()) == [(1, 10.0), (2, 30.0)]


def test_a_run_without_epochs_has_its_metric_at_the_iteration(tmp_path):
    first = [{'loss': 0.9, 'step': 50}, {'mIoU': 10.0, 'step': 0}]
    second = [{'loss': 0.8, 'step': 100}, {'mIoU': 20.0, 'step': 0}]
    write_log(tmp_path, '20260101_000000', first + second)
    assert read_history(tmp_path).metric == {50: 10.0, 100: 20.0}


def test_other_metric(tmp_path):
    write_log(tmp_path, '1', [{'oIoU': 5.0, 'mIoU': 7.0, 'step': 1}])
    assert read_history(tmp_path, 'oIoU').metric == {1: 5.0}


def test_missing_broken_and_foreign_logs_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'holds no'):
        read_history(tmp_path)
    write_log(tmp_path, '1', [{'accuracy': 1.0, 'step': 1}])
    with pytest.raises(ValueError, match=r'neither `loss` nor `mIoU`'):
        read_history(tmp_path)
    with (tmp_path / '1/vis_data/scalars.json').open('a') as file:
        file.write('{"loss": 1.0, "st')
    with pytest.raises(ValueError, match=r'scalars.json, line 2'):
        read_history(tmp_path)


def test_curves_of_two_runs_differ_from_those_of_one(tmp_path):
    for name, losses in (('a', (1.0, 0.5)), ('b', (0.9, 0.1))):
        write_log(tmp_path / name, '1', [{'loss': loss, 'step': step} for step, loss in enumerate(losses)])
    one = read_image(draw_training_curves({'a': tmp_path / 'a'}, tmp_path / 'out' / 'one.png'))
    two = read_image(draw_training_curves({'a': tmp_path / 'a', 'b': tmp_path / 'b'}, tmp_path / 'out' / 'two.png'))

    def orange(image):  # Matplotlib's second colour
        return (abs(image.astype(int) - (255, 127, 14)).max(axis=2) < 30).sum()

    assert orange(one) == 0
    assert orange(two) > 50
    with pytest.raises(ValueError, match=r'at least one run'):
        draw_training_curves({}, tmp_path / 'none.png')
