# Copyright (c) mmrrsis contributors.
import math

import pytest
import torch

from mmrrsis.models.losses import TargetBackgroundLoss

TARGET_LOGITS = [1.0, -0.5, 2.0, 0.0]
BACKGROUND_LOGITS = [0.5, 1.5, -1.0, 0.0]
MASK = [True, True, False, False]


@pytest.mark.parametrize('weight', [0.6, 0.3])
def test_equals_its_formula_with_a_softmax_over_two_logits(weight):
    foreground = background = 0.0
    for fg, bg, label in zip(TARGET_LOGITS, BACKGROUND_LOGITS, MASK, strict=True):
        total = math.exp(fg) + math.exp(bg)
        if label:
            foreground -= math.log(math.exp(fg) / total) / 4
        else:
            background -= math.log(math.exp(bg) / total) / 4
    logits = (torch.tensor(TARGET_LOGITS) - torch.tensor(BACKGROUND_LOGITS)).view(1, 1, 2, 2)
    loss = TargetBackgroundLoss(weight, loss_weight=2.0)(logits, torch.tensor(MASK).view(1, 1, 2, 2))
    assert loss.item() == pytest.approx(2 * (weight * foreground + (1 - weight) * background), rel=1e-6)


def test_value_by_hand():
    # ln 2 for each pixel at a logit of 0; one of four pixels is target: 0.6 * ln 2 / 4 + 0.4 * ln 2 * 3 / 4.
    target = torch.tensor([[[[True, False], [False, False]]]])
    assert TargetBackgroundLoss()(torch.zeros(1, 1, 2, 2), target).item() == pytest.approx(0.45 * math.log(2))


def test_loss_does_not_grow_with_the_image():
    logits, target = torch.full((1, 1, 4, 4), 0.3), torch.zeros(1, 1, 4, 4).bool()
    larger = TargetBackgroundLoss()(logits.repeat(2, 1, 8, 8), target.repeat(2, 1, 8, 8))
    torch.testing.assert_close(larger, TargetBackgroundLoss()(logits, target))


def test_calling_everything_target_is_no_way_out():
    target = torch.zeros(1, 1, 4, 4).bool()
    target[..., 0, 0] = True
    right = torch.where(target, 8.0, -8.0)
    loss = TargetBackgroundLoss()
    assert loss(torch.full_like(right, 8.0), target) > 100 * loss(right, target)


def test_confident_mistakes_stay_finite_in_half_precision():
    logits = torch.tensor([[[[900.0, -900.0]]]], dtype=torch.float16).expand(1, 1, 512, 2).requires_grad_()
    loss = TargetBackgroundLoss()(logits, torch.tensor([[[[False, True]]]]).expand(1, 1, 512, 2))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(0.6 * 450 + 0.4 * 450)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.isfinite().all() and (gradient != 0).all()


def test_small_losses_do_not_vanish_in_half_precision():
    # log(1 + exp(-20)) = 2.1e-9 is zero in half precision.
    loss = TargetBackgroundLoss()(torch.full((1, 1, 4, 4), 20.0, dtype=torch.float16), torch.ones(1, 1, 4, 4).bool())
    assert loss.item() == pytest.approx(0.6 * math.exp(-20), rel=1e-3)


@pytest.mark.parametrize('weight', [0.0, 1.0, 1.5])
def test_one_sided_weights_are_refused(weight):
    with pytest.raises(ValueError, match=f'foreground_weight={weight} must lie between 0 and 1.*every pixel target'):
        TargetBackgroundLoss(weight)
