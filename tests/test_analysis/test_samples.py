# Copyright (c) mmrrsis contributors.
import cv2
import numpy as np
import torch
from mmengine.structures import PixelData
from torch import nn

from mmrrsis.analysis import predict_samples
from mmrrsis.structures import ReferringDataSample, ReferringText


class UpperHalf(nn.Module):
    """Marks the upper half of whatever it sees, at the network's input size."""

    def test_step(self, data):
        (sample,) = data['data_samples']
        probability = torch.zeros(1, 4, 4)
        probability[:, :2] = 1
        sample.pred_mask = PixelData(data=probability > 0.5, probability=probability)
        return [sample]


def sample(path, expression, truth):
    element = ReferringDataSample(metainfo=dict(img_path=str(path), mask_threshold=0.5))
    empty = torch.zeros(3, dtype=torch.long)
    element.text = ReferringText(raw=expression, token_ids=empty, token_mask=empty.bool())
    element.gt_mask = PixelData(data=torch.from_numpy(truth)[None])
    return dict(inputs=torch.zeros(3, 4, 4), data_samples=element)


def test_rows_are_the_samples_asked_for_with_truth_and_prediction_in_their_places(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'scene.png'), image[:, :, ::-1])
    truth = np.zeros((8, 12), bool)
    truth[:, :3] = True
    dataset = [sample(tmp_path / 'scene.png', name, truth) for name in ('first', 'second', 'third')]
    rows = list(predict_samples(UpperHalf(), dataset, [2, 0]))
    assert [row.expression for row in rows] == ['third', 'first']
    for row in rows:
        assert np.array_equal(row.image, image)
        assert np.array_equal(row.gt_mask, truth)
        assert row.pred_mask.shape == (8, 12) and row.pred_mask[:3].all() and not row.pred_mask[5:].any()
