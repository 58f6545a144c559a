# Copyright (c) mmrrsis contributors.
import math

import pytest
import torch

from mmrrsis.models.decode_heads.base_mask_head import FOCAL_AND_DICE, BaseMaskHead
from mmrrsis.models.losses import BinaryFocalLoss
from mmrrsis.registry import MODELS

LOGITS = torch.tensor([[[[0.0, 2.0], [-1.0, 3.0]]], [[[1.0, -2.0], [0.5, 0.0]]]])
TARGET = torch.tensor([[[[1, 1], [0, 0]]], [[[0, 0], [1, 0]]]]).bool()


class HandOn(BaseMaskHead):
    """Its input is its logits."""

    def forward(self, fused):
        return fused


def dice_loss(logits, target):
    return MODELS.build(FOCAL_AND_DICE[1])(logits, target)


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


@pytest.mark.parametrize(('alpha', 'gamma'), [(0.25, 2.0), (0.5, 0.0)])
def test_focal_equals_its_formula(alpha, gamma):
    total = 0.0
    for logit, label in zip(LOGITS.flatten().tolist(), TARGET.flatten().tolist(), strict=True):
        probability = sigmoid(logit) if label else 1 - sigmoid(logit)
        weight = alpha if label else 1 - alpha
        total += -weight * (1 - probability) ** gamma * math.log(probability)
    loss = BinaryFocalLoss(alpha=alpha, gamma=gamma, loss_weight=3.0)(LOGITS, TARGET)
    assert loss.item() == pytest.approx(3.0 * total / 8, rel=1e-5)


def test_dice_equals_its_formula_per_sample():
    expected = 0.0
    for sample in range(2):
        p = [sigmoid(value) for value in LOGITS[sample].flatten().tolist()]
        g = TARGET[sample].flatten().float().tolist()
        overlap = sum(a * b for a, b in zip(p, g, strict=True))
        expected += (1 - (2 * overlap + 1) / (sum(p) + sum(g) + 1)) / 2
    assert dice_loss(LOGITS, TARGET).item() == pytest.approx(expected, rel=1e-5)


def test_dice_of_an_empty_mask_predicted_empty_vanishes():
    logits = torch.full((1, 1, 4, 4), -40.0)
    assert dice_loss(logits, torch.zeros(1, 1, 4, 4).bool()).item() == pytest.approx(0, abs=1e-6)


def test_losses_survive_half_precision_on_a_large_image():
    logits = torch.full((1, 1, 512, 512), 20.0, dtype=torch.float16)  # 262,144 pixels exceed 65,504
    losses = HandOn().loss(logits, torch.ones(1, 1, 512, 512).bool())
    assert losses['loss_dice'].item() == pytest.approx(0, abs=1e-6)
    assert losses['loss_focal'].item() == pytest.approx(0, abs=1e-6)
