# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest
import torch
from mmengine.structures import PixelData

from mmrrsis.images import read_image
from mmrrsis.registry import VISUALIZERS
from mmrrsis.structures import ReferringDataSample, ReferringText


@pytest.fixture
def data_sample():
    """Ground truth: left half. Prediction at a quarter of the size: right half at 0.4, threshold 0.35."""
    gt = torch.zeros(1, 80, 120, dtype=torch.bool)
    gt[..., :60] = True
    probability = torch.zeros(1, 20, 30)
    probability[..., 15:] = 0.4
    sample = ReferringDataSample(metainfo=dict(sample_id='7', img_path='x.png', mask_threshold=0.35))
    sample.text = ReferringText(torch.zeros(4, dtype=torch.int64), torch.ones(4, dtype=torch.bool), 'the right half')
    sample.gt_mask = PixelData(data=gt)
    sample.pred_mask = PixelData(data=probability > 0.35, probability=probability)
    return sample


@pytest.fixture
def visualizer():
    cfg = dict(type='ReferringVisualizer', name='test_referring_visualizer')
    return VISUALIZERS.build(cfg)


IMAGE = np.full((80, 120, 3), 90, dtype=np.uint8)


def test_prediction_is_drawn_at_the_threshold_of_the_sample(visualizer, data_sample):
    def tinted():
        drawn = visualizer.draw_datasample(IMAGE, data_sample, draw_gt=False)[-80:].astype(int)
        return np.ptp(drawn, axis=2) > 20

    assert tinted()[5:75, 70:112].all() and not tinted()[:, :54].any()
    data_sample.set_metainfo(dict(mask_threshold=0.45))
    assert not tinted().any()


def test_panels_stand_side_by_side_under_the_expression(visualizer, data_sample, tmp_path):
    visualizer.add_datasample('name', IMAGE, data_sample, out_file=tmp_path / 'new' / 'a.png')
    drawn = read_image(tmp_path / 'new' / 'a.png').astype(int)
    band = drawn.shape[0] - 80
    assert band > 0 and drawn.shape[1] == 2 * 120 + 4
    assert (drawn[:band] < 100).any(), 'the expression is written above'
    row = np.ptp(drawn[band + 40], axis=1) > 20  # tinted pixels of the middle row
    assert row[5:50].all() and not row[70:118].any(), 'ground truth on the left'
    assert not row[124 : 124 + 50].any() and row[124 + 70 : 124 + 115].all(), 'prediction on the right'


def test_a_sample_without_masks_shows_the_image(visualizer, data_sample):
    bare = ReferringDataSample(text=data_sample.text)
    drawn = visualizer.draw_datasample(IMAGE, bare)
    np.testing.assert_array_equal(drawn[-80:], IMAGE)


def test_ground_truth_of_another_size_is_an_error(visualizer, data_sample):
    with pytest.raises(ValueError, match=r'Sample 7: the ground truth is \(80, 120\) but the image \(40, 120\)'):
        visualizer.draw_datasample(IMAGE[:40], data_sample)
