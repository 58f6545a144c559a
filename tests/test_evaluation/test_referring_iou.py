# Copyright (c) mmrrsis contributors.
import logging
import re

import cv2
import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData

from mmrrsis.evaluation import ReferringIoU
from mmrrsis.registry import METRICS
from mmrrsis.structures import ReferringDataSample

HEAD = ['mIoU', 'oIoU', 'Pr@0.5', 'Pr@0.6', 'Pr@0.7', 'Pr@0.8', 'Pr@0.9']


def row(*cells):
    """Return a mask of one row."""
    return torch.tensor([cells]).bool()


def make(pred, gt, probability=None, threshold=None, **meta):
    """Return a data sample with masks ``(H, W)``."""
    sample = ReferringDataSample(
        metainfo=dict(sample_id='7', img_shape=tuple(pred.shape), ori_shape=tuple(gt.shape), **meta)
    )
    sample.gt_mask = PixelData(data=gt[None])
    sample.pred_mask = PixelData(data=pred[None])
    if probability is not None:
        sample.pred_mask.probability = probability[None]
    if threshold is not None:
        sample.set_metainfo(dict(mask_threshold=threshold))
    return sample


def score(samples, **options):
    metric = METRICS.build(dict(type='ReferringIoU', **options))
    metric.process(None, samples)
    return metric.evaluate(len(samples))


@pytest.fixture
def three():
    """IoU 1/2, 2/3 and 0; I = 1, 2, 0 and U = 2, 3, 5."""
    return [
        make(row(1, 1, 0, 0, 0), row(1, 0, 0, 0, 0), category='ship', subset=None),
        make(row(1, 1, 1, 0, 0), row(0, 1, 1, 0, 0), category='dam', subset='novel_pair'),
        make(row(1, 0, 0, 0, 0), row(0, 1, 1, 1, 1), category='ship', subset=None),
    ]


def test_by_hand(three):
    scores = score(three, per_class=False, per_size=False)
    expected = dict(zip(HEAD, [700 / 18, 30.0, 200 / 3, 100 / 3, 0, 0, 0], strict=True))
    for key in HEAD:
        assert scores[key] == pytest.approx(expected[key])
    assert list(scores) == [*HEAD, 'mIoU_novel_pair', 'oIoU_novel_pair', 'mIoU_other', 'oIoU_other']


def test_groups_by_hand(three):
    scores = score(three)
    # Coverage of the ground truth is 1/5, 2/5 and 4/5: the limit 0.2 belongs to the small ones.
    assert scores['mIoU_small'] == scores['oIoU_small'] == 50
    assert scores['mIoU_medium'] == scores['oIoU_medium'] == pytest.approx(200 / 3)
    assert scores['mIoU_large'] == scores['oIoU_large'] == 0
    assert scores['mIoU_novel_pair'] == pytest.approx(200 / 3)
    assert scores['mIoU_other'] == 25
    assert scores['oIoU_other'] == pytest.approx(100 / 7)
    assert scores['class/dam_mIoU'] == pytest.approx(200 / 3)
    assert scores['class/ship_mIoU'] == 25
    assert len(scores) == len(HEAD) + 6 + 4 + 2


def test_limits_of_size_bins():
    """0.60 is still medium, 0.61 is large; the bins follow the mask on disk, not the resized one."""
    samples = []
    for foreground in (20, 21, 60, 61):
        gt = torch.arange(100).view(10, 10) < foreground
        samples.append(make(torch.zeros(10, 10).bool(), gt))
    metric = ReferringIoU()
    metric.process(None, samples)
    assert [result['coverage'] for result in metric.results] == [0.2, 0.21, 0.6, 0.61]
    metric.results[0]['intersection'] = metric.results[0]['union']  # the small one
    metric.results[3]['intersection'] = metric.results[3]['union']  # the large one
    scores = metric.evaluate(4)
    assert [scores[f'mIoU_{size}'] for size in ('small', 'medium', 'large')] == [100, 0, 100]


def test_groups_without_samples_have_no_keys():
    scores = score([make(row(1, 0), row(1, 0))])
    assert list(scores) == [*HEAD, 'mIoU_medium', 'oIoU_medium']


def test_blank_in_a_category_becomes_an_underscore():
    scores = score([make(row(1), row(1), category='golf field')])
    assert scores['class/golf_field_mIoU'] == 100


def test_iou_exactly_on_a_threshold():
    samples = [make(row(*[1] * 7, *[0] * 3), row(*[1] * 10))]  # 0.7
    assert [score(samples)[key] for key in HEAD[2:]] == [100, 100, 100, 0, 0]
    assert [score(samples, precision_rule='>')[key] for key in HEAD[2:]] == [100, 100, 0, 0, 0]


@pytest.mark.parametrize('empty_union', [0, 1])
def test_two_empty_masks(empty_union):
    empty = make(row(0, 0), row(0, 0))
    scores = score([empty], empty_union=empty_union)
    assert [scores[key] for key in HEAD] == [100 * empty_union] * 7
    mixed = score([empty, make(row(1, 1), row(1, 0))], empty_union=empty_union)
    assert mixed['mIoU'] == (empty_union * 100 + 50) / 2
    assert mixed['oIoU'] == 50


def test_prediction_for_an_empty_ground_truth_is_a_miss():
    assert score([make(row(1, 0), row(0, 0))], empty_union=1)['mIoU'] == 0


def test_thresholds_are_free():
    scores = score([make(row(1, 1, 1, 0), row(1, 1, 1, 1))], thresholds=(0.25, 0.75, 1.0), per_size=False)
    assert scores == {'mIoU': 75, 'oIoU': 75, 'Pr@0.25': 100, 'Pr@0.75': 100, 'Pr@1': 0}


def test_ground_truth_is_resized_like_mmcv_does():
    rng = np.random.default_rng(0)
    gt = rng.random((37, 53)) > 0.5
    pred = rng.random((48, 48)) > 0.5
    resized = cv2.resize(gt.astype(np.uint8), (48, 48), interpolation=cv2.INTER_NEAREST) > 0
    metric = ReferringIoU()
    metric.process(None, [make(torch.from_numpy(pred), torch.from_numpy(gt))])
    (result,) = metric.results
    assert result['intersection'] == (pred & resized).sum()
    assert result['union'] == (pred | resized).sum()
    assert result['coverage'] == gt.mean()  # of the mask on disk


def test_original_resolution_thresholds_the_resized_probability():
    probability = torch.tensor([[0.0, 1.0]])
    gt = row(0, 0, 1, 1)
    # Bilinear from 2 to 4 columns: 0, 0.25, 0.75, 1.
    for threshold, intersection, union in ((0.2, 2, 3), (0.35, 2, 2), (0.8, 1, 2)):
        metric = ReferringIoU(resolution='original')
        metric.process(None, [make(row(0, 1), gt, probability, threshold)])
        assert (metric.results[0]['intersection'], metric.results[0]['union']) == (intersection, union)
    metric = ReferringIoU(resolution='original')
    metric.process(None, [make(row(0, 1), gt, probability, 0.75)])  # foreground is above the threshold, not at it
    assert metric.results[0]['intersection'] == 1


def test_input_and_original_resolution_differ():
    gt = row(0, 0, 1, 1)
    samples = [make(row(0, 1), gt, torch.tensor([[0.0, 1.0]]), 0.2)]
    assert score(samples)['mIoU'] == 100
    assert score(samples, resolution='original')['mIoU'] == pytest.approx(200 / 3)


def exactly(text):
    return '^' + re.escape(text) + '$'


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(resolution='big'), "`resolution` of ReferringIoU is 'big'. Choose 'input' or 'original'."),
        (dict(precision_rule='<'), "`precision_rule` of ReferringIoU is '<'. Choose '>=' or '>'."),
        (dict(empty_union=0.5), '`empty_union` of ReferringIoU is 0.5. Choose 0 or 1.'),
        (
            dict(thresholds=(50, 90)),
            '`thresholds` of ReferringIoU is (50, 90). Give one or more numbers above 0 and up to 1, for example '
            '(0.5, 0.9).',
        ),
    ],
)
def test_unknown_options(options, message):
    with pytest.raises(ValueError, match=exactly(message)):
        ReferringIoU(**options)


def test_prediction_of_another_size_than_the_input():
    sample = make(row(0, 1), row(0, 1))
    sample.set_metainfo(dict(img_shape=(4, 4)))
    message = (
        "Sample '7': the prediction is (1, 2), but the input of the network was (4, 4). Resize the logits to the "
        'input before thresholding.'
    )
    with pytest.raises(ValueError, match=exactly(message)):
        ReferringIoU().process(None, [sample])


def test_ground_truth_that_was_resized_with_the_image():
    sample = make(row(0, 1), row(0, 1), torch.tensor([[0.0, 1.0]]), 0.5)
    sample.set_metainfo(dict(ori_shape=(4, 4)))
    message = (
        "Sample '7': the ground truth is (1, 2), but the image is (4, 4). For `resolution='original'` the test "
        'pipeline must load the mask after Resize.'
    )
    with pytest.raises(ValueError, match=exactly(message)):
        ReferringIoU(resolution='original').process(None, [sample])


@pytest.mark.parametrize(('probability', 'threshold'), [(None, 0.5), (torch.tensor([[0.0, 1.0]]), None)])
def test_original_resolution_without_what_it_needs(probability, threshold):
    message = (
        "Sample '7': `resolution='original'` needs `pred_mask.probability` and the meta information `mask_threshold` "
        'in the prediction. Use a segmentor that writes both.'
    )
    with pytest.raises(ValueError, match=exactly(message)):
        ReferringIoU(resolution='original').process(None, [make(row(0, 1), row(0, 1), probability, threshold)])


def test_sample_without_ground_truth():
    sample = make(row(0, 1), row(0, 1)).to_dict()
    del sample['gt_mask']
    message = "Sample '7' has no `gt_mask` to compare with. Put LoadReferringMask into the test pipeline."
    with pytest.raises(ValueError, match=exactly(message)):
        ReferringIoU().process(None, [sample])


def test_evaluator_of_mmengine(three):
    """Evaluator turns samples into dicts; keys have no prefix, so that `save_best='mIoU'` finds them."""
    with DefaultScope.overwrite_default_scope('mmrrsis'):
        evaluator = Evaluator(dict(type='ReferringIoU'))
    evaluator.process(data_samples=three[:2], data_batch=None)
    evaluator.process(data_samples=three[2:], data_batch=None)
    scores = evaluator.evaluate(3)
    assert scores['mIoU'] == pytest.approx(700 / 18)
    assert scores == score(three)
    assert score(three, prefix='test')['test/mIoU'] == scores['mIoU']


def test_samples_that_fill_the_last_batch_do_not_count(three):
    metric = ReferringIoU()
    metric.process(None, [*three, three[0]])
    assert metric.evaluate(3)['mIoU'] == pytest.approx(700 / 18)


def test_protocol_and_table_are_logged(three, caplog):
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    with caplog.at_level(logging.INFO):
        score(three)
        score(three, precision_rule='>', empty_union=1, per_class=False)
    logger.removeHandler(caplog.handler)
    text = caplog.text
    assert (
        "Protocol: masks at the resolution of the network's input, IoU of two empty masks 0, Pr@X with IoU >= X."
        in text
    )
    assert 'IoU of two empty masks 1, Pr@X with IoU > X.' in text
    cells = [re.split(r'\s*\|\s*', line.strip('| ')) for line in text.splitlines() if line.startswith('|')]
    assert cells[0] == ['group', 'samples', *HEAD]
    assert cells[1] == ['all', '3', '38.89', '30.00', '66.67', '33.33', '0.00', '0.00', '0.00']
    assert [line[:2] for line in cells[2:9]] == [
        ['size: small', '1'],
        ['size: medium', '1'],
        ['size: large', '1'],
        ['subset: novel_pair', '1'],
        ['subset: other', '2'],
        ['dam', '1'],
        ['ship', '2'],
    ]
