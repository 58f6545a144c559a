# Copyright (c) mmrrsis contributors.
"""A small batch of what BTDNet's context necks hand to its decoder."""

from dataclasses import fields, replace

import torch
from torch.nn import functional as F

from mmrrsis.structures import ContextFeatures, TextFeatures

CHANNELS, FINEST_CHANNELS = 16, 6
#: Not multiples of each other, as from an image whose sides are no multiples of 32.
SIZES = ((13, 11), (7, 6), (4, 3), (2, 2))


def make_context(words=7, channels=CHANNELS):
    """Two samples: 4 real words of which 1 is the key phrase; all words real, of which 2 are the key phrase."""
    gen = torch.Generator().manual_seed(0)

    def rand(*shape):
        return torch.randn(shape, generator=gen)

    word_mask = torch.ones(2, words, dtype=torch.bool)
    word_mask[0, 4:] = False
    masked_word_mask = word_mask.clone()
    masked_word_mask[0, 1] = masked_word_mask[1, 2:4] = False
    return ContextFeatures(
        levels=tuple(rand(2, channels, *size) for size in SIZES[1:]),
        finest=rand(2, FINEST_CHANNELS, *SIZES[0]) * 5,
        text=TextFeatures(
            words=rand(2, words, channels),
            word_mask=word_mask,
            masked_words=rand(2, words, channels),
            masked_word_mask=masked_word_mask,
            reference_words=rand(2, words, channels),
        ),
    )


def sample_of(context, index):
    """Return one sample as a batch of one."""
    part = slice(index, index + 1)
    words = {field.name: getattr(context.text, field.name) for field in fields(context.text)}
    return ContextFeatures(
        levels=tuple(level[part] for level in context.levels),
        finest=context.finest[part],
        text=TextFeatures(**{name: value if value is None else value[part] for name, value in words.items()}),
    )


def with_text(context, **changes):
    """Return the context with other words or masks."""
    return replace(context, text=replace(context.text, **changes))


def with_more_padding(context, count=3):
    """Append padding that is not silent by itself."""
    words = {
        name: F.pad(getattr(context.text, name), (0, 0, 0, count), value=9.0)
        for name in ('words', 'masked_words', 'reference_words')
    }
    masks = {name: F.pad(getattr(context.text, name), (0, count)) for name in ('word_mask', 'masked_word_mask')}
    return with_text(context, **words, **masks)


def parameters_without_gradient(module):
    """Return names of parameters that the last backward pass did not reach."""
    return [name for name, p in module.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
