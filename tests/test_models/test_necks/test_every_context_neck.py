# Copyright (c) mmrrsis contributors.
"""What the context necks that leave the words as they are must keep to."""

import pytest
import torch

from mmrrsis.registry import MODELS

from ..neck_batch import (
    CHANNELS,
    STAGE_CHANNELS,
    assert_batch_is_its_samples,
    assert_context_is_complete,
    assert_padding_is_ignored,
    make_features,
)

SETTINGS = dict(LGCE=dict(num_heads=2), CIM=dict(grid_size=(4, 3)))


@pytest.fixture(params=SETTINGS)
def neck(request):
    torch.manual_seed(0)
    widths = dict(visual_channels=STAGE_CHANNELS, word_channels=CHANNELS)
    return MODELS.build(dict(type=request.param, **widths, **SETTINGS[request.param])).eval()


def test_context_is_complete(neck):
    features = make_features()
    assert_context_is_complete(neck(features), features)


def test_padding_is_ignored(neck):
    assert_padding_is_ignored(neck)


def test_a_batch_is_its_samples(neck):
    assert_batch_is_its_samples(neck)


def test_wrong_number_of_stages_names_both_counts(neck):
    features = make_features()
    features.visual.layers = features.visual.layers[:3]
    message = f'{type(neck).__name__} was built for 4 stages but got 3. Make model.neck.visual_channels'
    with pytest.raises(ValueError, match=message):
        neck(features)
