# Copyright (c) mmrrsis contributors.
"""What encoders declare is what they do."""

import pytest
import torch

from mmrrsis.models.encoders import CLIPDualEncoder, DualEncoder, IndependentTowers, ReferringEncoder, StagewiseEncoder
from mmrrsis.structures import MultimodalFeatures, TextFeatures, VisualFeatures


class Towers(IndependentTowers):
    def encode_image(self, images):
        return VisualFeatures(layers=(images,))

    def encode_text(self, text):
        return TextFeatures(words=text, word_mask=text > 0)


class Joint(ReferringEncoder):
    def forward(self, images, text):
        return MultimodalFeatures(VisualFeatures((images,)), TextFeatures(text, text > 0))


def test_independent_towers_are_run_side_by_side():
    images, text = torch.rand(2, 3, 4, 4), torch.ones(2, 5)
    features = Towers()(images, text)
    assert features.visual.layers[0] is images and features.text.words is text
    assert Towers().encodes_image_alone


def test_the_declarations_of_the_package():
    assert [kind.encodes_image_alone for kind in (CLIPDualEncoder, DualEncoder, StagewiseEncoder)] == [
        True,
        True,
        False,
    ]


def test_an_encoder_that_needs_both_says_so():
    encoder = Joint()
    assert not encoder.encodes_image_alone
    with pytest.raises(TypeError, match=r'Joint encodes .* image features cannot be kept'):
        encoder.encode_image(torch.rand(1, 3, 4, 4))
    with pytest.raises(TypeError, match=r'Joint encodes .* text features cannot be kept'):
        encoder.encode_text(torch.ones(1, 5))
