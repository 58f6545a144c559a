# Copyright (c) mmrrsis contributors.
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import PixelData

from mmrrsis.registry import HOOKS, VISUALIZERS
from mmrrsis.structures import ReferringDataSample, ReferringText


@pytest.fixture
def samples(tmp_path):
    cv2.imwrite(str(tmp_path / 'image.png'), np.full((32, 32, 3), 90, dtype=np.uint8))
    samples = []
    for index in range(5):
        sample = ReferringDataSample(
            metainfo=dict(sample_id=f'ref {index}/0', img_path=str(tmp_path / 'image.png'), mask_threshold=0.5)
        )
        sample.text = ReferringText(torch.zeros(2, dtype=torch.int64), torch.ones(2, dtype=torch.bool), 'a ship')
        probability = torch.full((1, 8, 8), 0.9)
        sample.pred_mask = PixelData(data=probability > 0.5, probability=probability)
        samples.append(sample)
    return samples


def run_test(hook, samples, batch=2):
    runner = SimpleNamespace(
        visualizer=VISUALIZERS.build(dict(type='ReferringVisualizer', name='test_referring_visualization_hook')),
        iter=0,
    )
    hook.before_test_epoch(runner)
    for begin in range(0, len(samples), batch):
        hook.after_test_iter(runner, begin // batch, None, samples[begin : begin + batch])


def names(folder):
    return sorted(path.name for path in folder.glob('*'))


def build(**kwargs):
    return HOOKS.build(dict(type='ReferringVisualizationHook', **kwargs))


def test_draws_every_sample(samples, tmp_path):
    run_test(build(draw=True, out_dir=str(tmp_path / 'out')), samples)
    assert names(tmp_path / 'out') == [f'00000{i}_ref-{i}-0.png' for i in range(5)]


def test_interval_and_limit_count_over_batches_and_anew_in_each_test(samples, tmp_path):
    hook = build(draw=True, out_dir=str(tmp_path / 'out'), interval=2, max_samples=2)
    for _ in range(2):
        run_test(hook, samples)
        assert names(tmp_path / 'out') == ['000000_ref-0-0.png', '000002_ref-2-0.png']
        for path in (tmp_path / 'out').iterdir():
            path.unlink()


def test_draws_nothing_unless_asked(samples, tmp_path):
    run_test(build(out_dir=str(tmp_path / 'out')), samples)
    assert not (tmp_path / 'out').exists()


def test_wrong_options_are_named():
    with pytest.raises(ValueError, match=r'`interval` .* is 0'):
        build(interval=0)
    with pytest.raises(ValueError, match=r'`max_samples` .* is 0'):
        build(max_samples=0)
