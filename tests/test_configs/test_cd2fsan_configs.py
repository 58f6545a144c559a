# Copyright (c) mmrrsis contributors.
"""The configs say what the paper says, and the full-size model trains."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData

from mmrrsis.datasets.tokenizers import CLIPTokenizer
from mmrrsis.registry import MODELS
from mmrrsis.structures import ReferringDataSample

ROOT = Path(__file__).parents[2]
FULL = ['cd2fsan_vitb_rrsisd', 'cd2fsan_vitb_refsegrs', 'cd2fsan_vitb_risbench']


def load(stem):
    init_default_scope('mmrrsis')
    return Config.fromfile(ROOT / 'configs' / 'cd2fsan' / f'{stem}.py')


def component_types(node, path=''):
    """Map every key path that holds a ``type`` to it."""
    found = {}
    if isinstance(node, dict):
        if 'type' in node:
            found[path] = node['type']
        for key, value in node.items():
            found |= component_types(value, f'{path}.{key}')
    return found


@pytest.mark.parametrize('stem', FULL)
def test_settings_of_the_paper(stem):
    cfg = load(stem)
    assert cfg.train_cfg.max_epochs == 40
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert 2 * cfg.train_dataloader.batch_size == 8  # two GPUs
    assert cfg.default_hooks.checkpoint.save_best == 'mIoU'
    assert cfg.model.neck.layer_selection.candidate_layers == (4, 5, 6, 7, 8, 9, 10, 11)
    assert cfg.model.mask_threshold == 0.35
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        steps = {step.type: step for step in loader.dataset.pipeline}
        assert steps['Resize'].scale == (480, 480)
        assert steps['TokenizeExpression'].tokenizer.max_tokens == 22
        assert not any('Flip' in name or 'Distortion' in name or 'Crop' in name for name in steps)
    assert cfg.train_dataloader.dataset.split == 'train'
    assert (cfg.val_dataloader.dataset.split, cfg.test_dataloader.dataset.split) == ('val', 'test')


def test_tiny_differs_in_sizes_only():
    assert component_types(load('cd2fsan_tiny_synthrs').model) == component_types(load('cd2fsan_vitb_rrsisd').model)


def test_normalisation_is_that_of_clip():
    from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

    preprocessor = load('cd2fsan_vitb_rrsisd').model.data_preprocessor
    assert preprocessor.mean == pytest.approx([255 * value for value in OPENAI_DATASET_MEAN], abs=1e-3)
    assert preprocessor.std == pytest.approx([255 * value for value in OPENAI_DATASET_STD], abs=1e-3)


@pytest.mark.slow
def test_full_size_model_learns_in_every_parameter():
    cfg = load('cd2fsan_vitb_rrsisd')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    sample = ReferringDataSample()
    sample.text = CLIPTokenizer(max_tokens=22)('the large ship on the left of the dock')
    mask = torch.zeros(1, 480, 480, dtype=torch.bool)
    mask[:, 100:200, 50:300] = True
    sample.gt_mask = PixelData(data=mask)
    images = torch.randn(1, 3, 480, 480)
    assert model(images, [sample]).shape == (1, 1, 240, 240)
    loss = sum(model(images, [sample], mode='loss').values())
    assert torch.isfinite(loss)
    loss.backward()
    silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []
