# Copyright (c) mmrrsis contributors.
"""The configs say what the paper says, and the full-size model trains."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData

from mmrrsis.datasets.key_phrase import KeyPhraseFinder
from mmrrsis.datasets.tokenizers import BERTTokenizer
from mmrrsis.registry import MODELS
from mmrrsis.structures import ReferringDataSample

ROOT = Path(__file__).parents[2]


def load(stem):
    init_default_scope('mmrrsis')
    return Config.fromfile(ROOT / 'configs' / 'btdnet' / f'{stem}.py')


@pytest.mark.parametrize('stem', ['btdnet_swinb_refsegrs', 'btdnet_swinb_rrsisd', 'btdnet_swinb_risbench'])
def test_settings_of_the_paper(stem):
    cfg = load(stem)
    assert cfg.train_cfg.max_epochs == 50
    assert 4 * cfg.train_dataloader.batch_size == 8  # four GPUs
    assert cfg.default_hooks.checkpoint.save_best == 'mIoU'
    (decay,) = cfg.param_scheduler
    assert (decay.type, decay.power, decay.eta_min, decay.end) == ('PolyLR', 0.9, 0.0, 50)
    head = cfg.model.decode_head
    assert (head.num_background_tokens, head.use_prior, head.reconstruction.loss_weight) == (5, True, 0.1)
    assert [loss.foreground_weight for loss in head.losses] == [0.6]
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        steps = [step.type for step in loader.dataset.pipeline]
        assert steps.index('MaskKeyPhrase') == steps.index('TokenizeExpression') - 1
        by_type = {step.type: step for step in loader.dataset.pipeline}
        assert by_type['Resize'].scale == (512, 512)
        assert by_type['TokenizeExpression'].tokenizer.max_tokens == 20


@pytest.mark.slow
def test_full_size_model_learns_in_every_parameter():
    cfg = load('btdnet_swinb_rrsisd')
    torch.manual_seed(0)
    cfg.model.encoder.image.pretrained = cfg.model.encoder.text.pretrained = None
    cfg.model.encoder.image.drop_path_rate = 0.0  # a block that is left out gets no gradient
    model = MODELS.build(cfg.model)
    expression = 'the large ship on the left of the dock'
    sample = ReferringDataSample()
    # The ids of the small vocabulary are ids of BERT's as well, of other words.
    tokenizer = BERTTokenizer('package:wordpiece_small.txt', max_tokens=20)
    sample.text = tokenizer(expression, masked_spans=[KeyPhraseFinder()(expression)])
    assert (sample.text.masked_token_mask != sample.text.token_mask).sum() == 2  # large ship
    mask = torch.zeros(1, 512, 512, dtype=torch.bool)
    mask[:, 100:200, 50:300] = True
    sample.gt_mask = PixelData(data=mask)
    losses = model(torch.randn(1, 3, 512, 512), [sample], mode='loss')
    assert set(losses) == {'loss_ce', 'loss_re'}
    loss = sum(losses.values())
    assert torch.isfinite(loss)
    loss.backward()
    silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []
