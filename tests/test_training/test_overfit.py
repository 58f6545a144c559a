# Copyright (c) mmrrsis contributors.
"""The tiny CD2FSAN learns eight samples by heart, and only with their own expressions.

Neck and head learn on kept features: the towers, which cost most of the time, get their gradients in
tests/test_models/test_referring_segmentor.py.
"""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope

from mmrrsis.datasets import SynthRSDataset
from mmrrsis.datasets.synthesis.dataset_settings import DatasetSettings, write_dataset
from mmrrsis.registry import MODELS
from mmrrsis.structures import MultimodalFeatures, ReferringTextBatch

ROOT = Path(__file__).parents[2]
STEPS = 260
pytestmark = pytest.mark.slow


def mean_iou(model, batch):
    model.eval()
    with torch.no_grad():
        samples = model.test_step(batch)
    model.train()
    ious = []
    for sample in samples:
        predicted, truth = sample.pred_mask.data, sample.gt_mask.data
        ious.append(((predicted & truth).sum() / (predicted | truth).sum()).item())
    return sum(ious) / len(ious)


def test_eight_samples_are_learned_by_heart(tmp_path):
    init_default_scope('mmrrsis')
    cfg = Config.fromfile(ROOT / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py')
    write_dataset(tmp_path / 'data', DatasetSettings('rrsisd', 'easy', train=6, val=1, test=1))
    dataset = SynthRSDataset(tmp_path / 'data', 'train', cfg.train_pipeline, indices=8)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    batch = pseudo_collate([dataset[index] for index in range(8)])
    # Two targets of one image, so that the image alone does not tell which is meant.
    assert len({sample.img_path for sample in batch['data_samples']}) < 8
    data = model.data_preprocessor(batch, training=True)
    samples = data['data_samples']
    target = torch.stack([sample.gt_mask.data for sample in samples])
    with torch.no_grad():
        visual = model.encode_image(data['inputs'])
        text = model.encode_text(ReferringTextBatch.stack([sample.text for sample in samples]))
    model.train()
    optimizer = torch.optim.Adam([*model.neck.parameters(), *model.decode_head.parameters()], fused=True)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=STEPS, pct_start=0.1)
    for _ in range(STEPS):
        losses = model.decode_head.loss(model.neck(MultimodalFeatures(visual, text)), target)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        scheduler.step()
    assert mean_iou(model, batch) > 0.9
    # The same images with the expressions handed round: the model follows the words.
    texts = [sample.text for sample in batch['data_samples']]
    for sample, text in zip(batch['data_samples'], texts[1:] + texts[:1], strict=True):
        sample.text = text
    assert mean_iou(model, batch) < 0.5
