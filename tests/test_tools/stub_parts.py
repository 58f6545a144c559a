# Copyright (c) mmrrsis contributors.
"""The smallest dataset, model and metric that the command lines can run."""

import json
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from torch import nn

from mmrrsis.registry import DATASETS, METRICS, MODELS, TRANSFORMS
from mmrrsis.structures import ReferringDataSample, ReferringText


@DATASETS.register_module()
class StubDataset(BaseDataset):
    """Scenes whose target is on the left or the right, as the expression says."""

    def __init__(self, data_root, length, pipeline, test_mode=False, shuffle_expressions=False):
        self.length = length
        self.shuffle_expressions = shuffle_expressions
        super().__init__(data_root=data_root, pipeline=pipeline, test_mode=test_mode)

    def load_data_list(self):
        path = Path(self.data_root or '.') / 'stub_scene.png'
        if not path.exists():
            cv2.imwrite(str(path), np.full((16, 24, 3), 90, dtype=np.uint8))
        samples = []
        for index in range(self.length):
            side = index % 2
            said = 1 - side if self.shuffle_expressions else side
            samples.append(
                dict(sample_id=str(index), img_path=str(path), side=side, expressions=[('left', 'right')[said]])
            )
        return samples


@TRANSFORMS.register_module()
class StubPack:
    """Packs the image as a gray value, the expression as one token and the target as half the image."""

    def __call__(self, results):
        (expression,) = results['expressions']
        metainfo = {key: results.get(key) for key in ('sample_id', 'img_path')}
        sample = ReferringDataSample(metainfo=metainfo)
        token = torch.tensor([int('right' in expression)])
        sample.text = ReferringText(token, torch.ones(1, dtype=torch.bool), expression)
        if 'side' in results:
            mask = torch.zeros(1, 16, 24, dtype=torch.bool)
            mask[..., slice(12, None) if results['side'] else slice(12)] = True
            sample.gt_mask = PixelData(data=mask)
        return dict(inputs=torch.rand(3, 8, 8), data_samples=sample)


@MODELS.register_module()
class StubSegmentor(BaseModel):
    """Predicts the half that the token names, as surely as its parameters say."""

    def __init__(self, width, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.encoder = nn.Linear(1, width)
        self.head = nn.Linear(width, 2)

    def forward(self, inputs, data_samples, mode):
        tokens = torch.stack([sample.text.token_ids for sample in data_samples]).float()
        halves = self.head(torch.tanh(self.encoder(4 * tokens - 2)))  # (B, 2): left and right
        if mode == 'loss':
            wanted = torch.stack([sample.gt_mask.data[0, 0, [0, -1]] for sample in data_samples]).float()
            noise = 0.01 * torch.rand(())  # a seeded run repeats only if this is seeded too
            loss = nn.functional.binary_cross_entropy_with_logits(halves, wanted)
            return dict(loss=loss * (1 + noise))
        for half, sample in zip(halves.sigmoid(), data_samples, strict=True):
            probability = half.repeat_interleave(4).expand(1, 8, 8).clone()
            sample.pred_mask = PixelData(data=probability > 0.5, probability=probability)
            sample.set_metainfo(dict(mask_threshold=0.5))
        return data_samples


@METRICS.register_module()
class StubMetric(BaseMetric):
    """Share of samples whose two halves are right, in percent."""

    def process(self, data_batch, data_samples):
        for sample in data_samples:
            pred, gt = (sample[key]['data'][0, 0, [0, -1]] for key in ('pred_mask', 'gt_mask'))
            self.results.append(bool((pred.cpu() == gt.cpu()).all()))

    def compute_metrics(self, results):
        share = 100 * sum(results) / len(results)
        return dict(mIoU=share, oIoU=share, samples=len(results))


def read_scalars(work_dir):
    """Return every logged record of a run, without timings."""
    (file,) = Path(work_dir).glob('*/vis_data/scalars.json')
    records = [json.loads(line) for line in file.read_text().splitlines()]
    return [{key: value for key, value in record.items() if 'time' not in key} for record in records]
