# Copyright (c) mmrrsis contributors.
"""A small batch for context necks that leave the words as they are, and what each of them must keep to."""

import torch
from torch.nn import functional as F

from mmrrsis.structures import MultimodalFeatures, TextFeatures, VisualFeatures

STAGE_CHANNELS, CHANNELS = (4, 8, 12, 16), 10
#: Not multiples of each other, as from an image whose sides are no multiples of 32.
SIZES = ((13, 11), (7, 6), (4, 3), (2, 2))


def make_features(stage_channels=STAGE_CHANNELS, channels=CHANNELS):
    """Return the features of two samples, of four and six real words."""
    gen = torch.Generator().manual_seed(0)
    layers = tuple(
        torch.randn(2, width, *size, generator=gen) for width, size in zip(stage_channels, SIZES, strict=True)
    )
    word_mask = torch.ones(2, 6, dtype=torch.bool)
    word_mask[0, 4:] = False
    words, masked, reference = torch.randn(3, 2, 6, channels, generator=gen)
    text = TextFeatures(
        words, word_mask, masked_words=masked, masked_word_mask=word_mask & True, reference_words=reference
    )
    return MultimodalFeatures(VisualFeatures(layers), text)


def maps_of(context):
    """List the maps of a context, finest first."""
    return (context.finest, *context.levels)


def assert_context_is_complete(context, features):
    """Maps have the sizes that the decoder expects; words and what comes with them are handed on."""
    text = features.text
    widths = (STAGE_CHANNELS[0], CHANNELS, CHANNELS, CHANNELS)
    assert [tuple(x.shape) for x in maps_of(context)] == [(2, w, *s) for w, s in zip(widths, SIZES, strict=True)]
    for name in ('word_mask', 'masked_words', 'masked_word_mask', 'reference_words'):
        assert getattr(context.text, name) is getattr(text, name)
    assert torch.equal(context.text.words[text.word_mask], text.words[text.word_mask])
    assert (context.text.words[~text.word_mask] == 0).all()


def assert_same_maps(one, other):
    for a, b in zip(maps_of(one), maps_of(other), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def assert_padding_is_ignored(neck):
    features = make_features()
    text, before = features.text, neck(features)
    words, word_mask = text.words, text.word_mask
    text.words = words.masked_fill(~word_mask[..., None], float('nan'))
    assert_same_maps(neck(features), before)
    text.words, text.word_mask = F.pad(words, (0, 0, 0, 3), value=9.0), F.pad(word_mask, (0, 3))
    assert_same_maps(neck(features), before)


def assert_batch_is_its_samples(neck):
    features = make_features()
    both = neck(features)
    for sample in range(2):
        part = slice(sample, sample + 1)
        alone = neck(
            MultimodalFeatures(
                VisualFeatures(tuple(layer[part] for layer in features.visual.layers)),
                TextFeatures(features.text.words[part], features.text.word_mask[part]),
            )
        )
        for one, other in zip(maps_of(alone), maps_of(both), strict=True):
            torch.testing.assert_close(one, other[part], atol=1e-5, rtol=1e-4)
