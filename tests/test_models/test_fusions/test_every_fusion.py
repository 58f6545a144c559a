# Copyright (c) mmrrsis contributors.
"""What every stage fusion must keep to."""

import pytest

from ..context_batch import parameters_without_gradient
from ..fusion_batch import (
    assert_batch_is_its_samples,
    assert_finite_without_words,
    assert_padding_is_ignored,
    build_fusion,
    make_batch,
    results,
)

SETTINGS = dict(PWAM={}, IIM={}, WPA=dict(inner_channels=8, num_heads=2), BSC=dict(inner_channels=8))


@pytest.fixture(params=SETTINGS)
def fusion(request):
    return build_fusion(request.param, **SETTINGS[request.param])


def test_padding_is_ignored(fusion):
    assert_padding_is_ignored(fusion)


def test_a_batch_is_its_samples(fusion):
    assert_batch_is_its_samples(fusion)


def test_a_text_without_words_stays_finite(fusion):
    assert_finite_without_words(fusion)


def test_every_parameter_gets_a_gradient(fusion):
    # In evaluation mode: in training the norms of IIM cancel the scale of its convolutions of one channel.
    batch = make_batch()
    sum(part.square().sum() for part in results(fusion(*batch), batch[2])).backward()
    assert parameters_without_gradient(fusion) == []
