# Copyright (c) mmrrsis contributors.
import pytest
import torch
from mmengine.structures import PixelData
from torch.nn import functional as F

from mmrrsis.structures import ReferringDataSample


def predicted(probability, **metainfo):
    metainfo = {**dict(sample_id='7', mask_threshold=0.5), **metainfo}
    return ReferringDataSample(metainfo=metainfo, pred_mask=PixelData(probability=probability))


def test_half_pixel_centres():
    # Doubling a row [0, 1]: output centres lie at -0.25, 0.25, 0.75, 1.25 of the input.
    sample = predicted(torch.tensor([[[0.0, 1.0]]])).at_size((1, 4))
    torch.testing.assert_close(sample.pred_mask.probability, torch.tensor([[[0.0, 0.25, 0.75, 1.0]]]))
    assert sample.pred_mask.data.tolist() == [[[False, False, True, True]]]


def test_same_size_is_unchanged_and_half_becomes_float():
    probability = torch.rand(1, 3, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(predicted(probability).at_size((3, 5)).pred_mask.probability, probability)
    resized = predicted(probability.half()).at_size((6, 7)).pred_mask.probability
    assert resized.dtype == torch.float32 and resized.shape == (1, 6, 7)
    exact = F.interpolate(probability.half().float()[None], (6, 7), mode='bilinear', align_corners=False)[0]
    assert torch.equal(resized, exact)


def test_a_pixel_at_the_threshold_is_outside():
    probability = torch.tensor([[[0.25, 0.5, 0.75]]])
    for threshold, inside in ((0.25, 2), (0.5, 1), (0.75, 0), (0.0, 3), (None, 1)):
        sample = predicted(probability).at_size((1, 3), threshold)
        assert int(sample.pred_mask.data.sum()) == inside
        assert sample.mask_threshold == (0.5 if threshold is None else threshold)


def test_the_given_sample_stays_as_it_is():
    probability = torch.full((1, 2, 2), 0.4, requires_grad=True)
    sample = predicted(probability)
    sample.gt_mask = PixelData(data=torch.ones(1, 9, 9, dtype=torch.bool))
    sized = sample.at_size((4, 4), 0.3)
    assert sample.pred_mask.probability is probability and sample.mask_threshold == 0.5
    assert not sized.pred_mask.probability.requires_grad
    assert sized.gt_mask.shape == (9, 9) and sized.sample_id == '7'


def test_what_is_missing_or_wrong_is_named():
    with pytest.raises(
        ValueError, match=r"Sample '7': `pred_mask.probability` must be \(1, h, w\) but is \(3, 4, 4\)"
    ):
        predicted(torch.zeros(3, 4, 4)).at_size((8, 8))
    with pytest.raises(ValueError, match=r'floating point but is torch.bool'):
        predicted(torch.zeros(1, 4, 4, dtype=torch.bool)).at_size((8, 8))
    with pytest.raises(ValueError, match=r'positive'):
        predicted(torch.zeros(1, 4, 4)).at_size((0, 8))
    for sample in (ReferringDataSample(), ReferringDataSample(pred_mask=PixelData(data=torch.zeros(1, 4, 4)))):
        with pytest.raises(ValueError, match=r'Sample None has no `pred_mask.probability`'):
            sample.at_size((8, 8))
    sample = ReferringDataSample(pred_mask=PixelData(probability=torch.zeros(1, 4, 4)))
    with pytest.raises(ValueError, match=r'has no `mask_threshold`'):
        sample.at_size((8, 8))
    assert not sample.at_size((8, 8), 0.5).pred_mask.data.any()
