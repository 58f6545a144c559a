# Copyright (c) mmrrsis contributors.
"""The whole CD2FSAN in a very small size: modes, invariances, gradients."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from torch.nn import functional as F

from mmrrsis.datasets.tokenizers import CLIPTokenizer
from mmrrsis.models.encoders import ReferringEncoder
from mmrrsis.registry import MODELS
from mmrrsis.structures import ReferringDataSample, ReferringTextBatch


@pytest.fixture(scope='module')
def cfg():
    init_default_scope('mmrrsis')
    return Config.fromfile(Path(__file__).parents[2] / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py')


@pytest.fixture
def model(cfg):
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    for module in model.modules():  # let sentences differ: the text tower starts with tiny embeddings
        if isinstance(module, torch.nn.Embedding):
            torch.nn.init.normal_(module.weight, std=0.5)
    return model.eval()


def make_batch(expressions, size=128, max_tokens=22):
    gen = torch.Generator().manual_seed(0)
    tokenizer = CLIPTokenizer(max_tokens=max_tokens)
    samples = []
    for index, expression in enumerate(expressions):
        sample = ReferringDataSample(metainfo=dict(sample_id=str(index)))
        sample.text = tokenizer(expression)
        mask = torch.zeros(1, size, size, dtype=torch.bool)
        mask[:, 20 : 50 + index, 30:70] = True
        sample.gt_mask = PixelData(data=mask)
        samples.append(sample)
    return torch.randn(len(expressions), 3, size, size, generator=gen), samples


TWO = ('the red ship on the left', 'a storage tank')


def test_logits_have_half_the_input_resolution(model):
    assert model(*make_batch(TWO)).shape == (2, 1, 64, 64)


def test_loss_is_focal_plus_dice_at_input_resolution(model):
    inputs, samples = make_batch(TWO)
    losses = model(inputs, samples, mode='loss')
    logits = F.interpolate(model(inputs, samples), (128, 128), mode='bilinear', align_corners=False)
    target = torch.stack([sample.gt_mask.data for sample in samples])
    assert set(losses) == {'loss_focal', 'loss_dice'}
    for loss in model.decode_head.losses:
        torch.testing.assert_close(losses[loss.loss_name], loss(logits, target))


def test_prediction_thresholds_the_probability(model):
    inputs, samples = make_batch(TWO)
    predicted = model(inputs, samples, mode='predict')
    expected = F.interpolate(model(inputs, samples), (128, 128), mode='bilinear', align_corners=False).sigmoid()
    for sample, probability in zip(predicted, expected, strict=True):
        torch.testing.assert_close(sample.pred_mask.probability, probability)
        assert torch.equal(sample.pred_mask.data, probability > 0.35)
        assert sample.mask_threshold == 0.35


def test_a_pixel_at_the_threshold_is_outside(model):
    model.mask_threshold = 0.5  # the sigmoid of 0
    (sample,) = model.postprocess(torch.tensor([[[[0.0, 1e-3]]]]), (1, 2), [ReferringDataSample()])
    assert sample.pred_mask.data.tolist() == [[[False, True]]]


def test_batch_of_two_equals_two_batches_of_one(model):
    inputs, samples = make_batch(TWO)
    both = model(inputs, samples)
    for index in range(2):
        single = model(inputs[index : index + 1], samples[index : index + 1])
        torch.testing.assert_close(single, both[index : index + 1], atol=1e-4, rtol=1e-3)


def test_padding_words_change_nothing(model):
    inputs, samples = make_batch(TWO, max_tokens=22)
    _, shorter = make_batch(TWO, max_tokens=12)
    torch.testing.assert_close(model(inputs, shorter), model(inputs, samples), atol=1e-4, rtol=1e-3)


def test_the_expression_matters(model):
    inputs, samples = make_batch(TWO)
    swapped = model(inputs, samples[::-1])
    assert (swapped - model(inputs, samples)).abs().max() > 1e-3


def test_cached_path_equals_the_whole_model(model):
    inputs, samples = make_batch(TWO)
    visual = model.encode_image(inputs[:1])
    for index, sample in enumerate(samples):
        text = model.encode_text(ReferringTextBatch.stack([sample.text]))
        whole = model(inputs[:1], [samples[index]])
        torch.testing.assert_close(model.decode(visual, text), whole, atol=1e-5, rtol=1e-4)


def test_every_parameter_learns(model):
    model.train()
    # More samples than candidate layers, so that every layer is selected or is below one that is.
    inputs, samples = make_batch(TWO * 2)
    sum(model(inputs, samples, mode='loss').values()).backward()
    silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_unknown_mode_is_refused(model):
    with pytest.raises(ValueError, match="mode='train' is none of"):
        model(*make_batch(TWO), mode='train')


def test_joint_encoders_cannot_be_cached(model):
    class Joint(ReferringEncoder):
        def forward(self, images, text):
            raise AssertionError

    model.encoder = Joint()
    with pytest.raises(TypeError, match='Joint encodes image and expression together'):
        model.encode_image(torch.zeros(1, 3, 128, 128))
