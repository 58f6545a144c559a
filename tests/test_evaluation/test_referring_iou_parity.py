# Copyright (c) mmrrsis contributors.
"""ReferringIoU against what the reference implementation computed and printed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData

from mmrrsis.evaluation import ReferringIoU
from mmrrsis.structures import ReferringDataSample

DATA = np.load(Path(__file__).parents[1] / 'data' / 'parity' / 'metrics.npz')


@pytest.fixture(scope='module')
def samples():
    """The 200 pairs, at their true sizes."""
    masks = {
        name: np.unpackbits(DATA[f'{name}_bits'], axis=1).reshape(200, 48, 48).astype(bool) for name in ('pred', 'gt')
    }
    made = []
    for index, (height, width) in enumerate(DATA['hw'].tolist()):
        sample = ReferringDataSample(
            metainfo=dict(sample_id=str(index), img_shape=(height, width), ori_shape=(height, width))
        )
        for name in ('pred', 'gt'):
            data = torch.from_numpy(masks[name][index, :height, :width].copy())[None]
            setattr(sample, f'{name}_mask', PixelData(data=data))
        made.append(sample)
    return made


def test_scores_are_those_of_the_reference(samples):
    metric = ReferringIoU()
    metric.process(None, samples)
    scores = metric.evaluate(len(samples))
    assert scores['mIoU'] == pytest.approx(100 * float(DATA['mean_iou']), abs=1e-10)
    assert scores['oIoU'] == pytest.approx(100 * float(DATA['overall_iou']), abs=1e-10)
    for threshold, precision in zip(DATA['thresholds'], DATA['precision'], strict=True):
        assert scores[f'Pr@{threshold:g}'] == pytest.approx(100 * float(precision), abs=1e-10)
    names = ['mIoU', 'Pr@0.5', 'Pr@0.6', 'Pr@0.7', 'Pr@0.8', 'Pr@0.9', 'oIoU']
    assert [round(scores[name], 2) for name in names] == DATA['printed_percent'].tolist()


def test_counts_of_every_pair(samples):
    metric = ReferringIoU()
    metric.process(None, samples)
    assert [result['intersection'] for result in metric.results] == DATA['intersection'].tolist()
    assert [result['union'] for result in metric.results] == DATA['union'].tolist()


def test_strict_rule_differs_by_the_pairs_on_a_threshold(samples):
    """The pairs hold some whose IoU is a threshold exactly; '>' loses those and only those."""
    scores = {}
    for rule in ('>=', '>'):
        metric = ReferringIoU(precision_rule=rule)
        metric.process(None, samples)
        scores[rule] = metric.evaluate(len(samples))
    for threshold in DATA['thresholds']:
        on_it = np.count_nonzero(DATA['iou'] == threshold)
        assert on_it > 0
        key = f'Pr@{threshold:g}'
        assert scores['>='][key] - scores['>'][key] == pytest.approx(100 * on_it / 200)
    assert scores['>']['mIoU'] == scores['>=']['mIoU']
