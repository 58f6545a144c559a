# Copyright (c) mmrrsis contributors.
import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from torch import nn

from mmrrsis.apis import init_segmentor, segment_image
from mmrrsis.checkpoint import CheckpointMismatchError
from mmrrsis.engine import ConfigError
from mmrrsis.registry import MODELS, TRANSFORMS
from mmrrsis.structures import ReferringDataSample, ReferringText


@MODELS.register_module(force=True)
class RedChannelSegmentor(BaseModel):
    """Takes the red channel for the probability: what the image says is what comes out."""

    encodes_image_alone = False

    def __init__(self, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, inputs, data_samples, mode):
        assert mode == 'predict' and not self.training and not torch.is_grad_enabled()
        for image, sample in zip(inputs, data_samples, strict=True):
            probability = self.scale * image[:1] / 255
            sample.pred_mask = PixelData(data=probability > 0.5, probability=probability)
            sample.set_metainfo(dict(mask_threshold=0.5))
        return data_samples


@TRANSFORMS.register_module(force=True)
class PackForInferenceTest:
    """Packs what the pipeline of the package packs, without a tokenizer."""

    def __call__(self, results):
        (expression,) = results['expressions']
        metainfo = {
            key: results[key] for key in ('sample_id', 'img_path', 'ori_shape', 'img_shape', 'category', 'subset')
        }
        sample = ReferringDataSample(metainfo=metainfo)
        sample.text = ReferringText(torch.zeros(2, dtype=torch.int64), torch.ones(2, dtype=torch.bool), expression)
        return dict(inputs=torch.from_numpy(results['img'].transpose(2, 0, 1).copy()), data_samples=sample)


@pytest.fixture
def cfg():
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='mmcv.Resize', scale=(16, 16), keep_ratio=False),
        dict(type='LoadReferringMask'),
        dict(type='PackForInferenceTest'),
    ]
    model = dict(type='RedChannelSegmentor', data_preprocessor=dict(type='ImgDataPreprocessor', bgr_to_rgb=True))
    return Config(dict(default_scope='mmrrsis', model=model, test_dataloader=dict(dataset=dict(pipeline=pipeline))))


@pytest.fixture
def image():
    """Red 204 of 255 on the right half, other channels full everywhere."""
    image = np.full((40, 100, 3), 255, dtype=np.uint8)
    image[..., 0] = 0
    image[:, 50:, 0] = 204
    return image


def test_mask_has_the_size_of_the_image(cfg, image):
    sample = segment_image(init_segmentor(cfg), image, 'the right half')
    assert sample.pred_mask.data.shape == sample.pred_mask.probability.shape == (1, 40, 100)
    assert sample.pred_mask.data.dtype == torch.bool
    assert sample.pred_mask.data[0, :, 56:].all() and not sample.pred_mask.data[0, :, :44].any()
    assert sample.pred_mask.probability.max().item() == pytest.approx(0.8)
    assert sample.text.raw == 'the right half'
    assert sample.ori_shape == (40, 100)


def test_file_and_array_give_the_same(cfg, image, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), image[..., ::-1])
    model = init_segmentor(cfg)
    by_array, by_file = (
        segment_image(model, source, 'x').pred_mask.probability for source in (image, tmp_path / 'a.png')
    )
    torch.testing.assert_close(by_array, by_file)


def test_threshold_overrides_that_of_the_model(cfg, image):
    sample = segment_image(init_segmentor(cfg), image, 'x', threshold=0.9)
    assert not sample.pred_mask.data.any()
    assert sample.mask_threshold == 0.9


def test_checkpoint_is_loaded_and_must_fit(cfg, image, tmp_path):
    torch.save(dict(state_dict=dict(scale=torch.tensor([0.5]))), tmp_path / 'a.pth')
    sample = segment_image(init_segmentor(cfg, tmp_path / 'a.pth'), image, 'x')
    assert sample.pred_mask.probability.max().item() == pytest.approx(0.4)
    torch.save(dict(state_dict=dict(scale=torch.ones(2))), tmp_path / 'b.pth')
    with pytest.raises(CheckpointMismatchError, match=r'scale: checkpoint \(2,\), model \(1,\)'):
        init_segmentor(cfg, tmp_path / 'b.pth')
    with pytest.raises(FileNotFoundError, match=r'none.pth'):
        init_segmentor(cfg, tmp_path / 'none.pth')


def test_cfg_options_do_not_change_the_callers_config(cfg):
    with pytest.raises(ConfigError, match=r'`model.wdth`'):
        init_segmentor(cfg, cfg_options={'model.wdth': 3})
    assert 'wdth' not in cfg.model


def test_wrong_inputs_are_named(cfg, image, tmp_path):
    model = init_segmentor(cfg)
    with pytest.raises(ValueError, match=r'expression is empty'):
        segment_image(model, image, '  ')
    with pytest.raises(ValueError, match=r'must be \(H, W, 3\) uint8 RGB but is \(40, 100\)'):
        segment_image(model, image[..., 0], 'x')
    with pytest.raises(ValueError, match=r'float64'):
        segment_image(model, image / 255, 'x')
    with pytest.raises(ValueError, match=r'`threshold` must be in \[0, 1\] but is 35'):
        segment_image(model, image, 'x', threshold=35)
    with pytest.raises(FileNotFoundError, match=r'There is no image'):
        segment_image(model, tmp_path / 'none.png', 'x')
    (tmp_path / 'broken.png').write_text('no picture')
    with pytest.raises(ValueError, match=r'broken.png cannot be read'):
        segment_image(model, tmp_path / 'broken.png', 'x')
