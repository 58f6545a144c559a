# Copyright (c) mmrrsis contributors.
"""A small batch for stage fusions, and what every one of them must keep to."""

import torch
from torch import nn
from torch.nn import functional as F

from mmrrsis.models.fusions import FusedStage, TanhGate
from mmrrsis.registry import MODELS

C, D = 6, 10


def make_batch():
    """Return maps, words and mask of two samples, of four and six real words."""
    gen = torch.Generator().manual_seed(0)
    word_mask = torch.ones(2, 6, dtype=torch.bool)
    word_mask[0, 4:] = False
    return torch.randn(2, C, 5, 7, generator=gen), torch.randn(2, 6, D, generator=gen), word_mask


def build_fusion(kind, **kwargs):
    """Build in evaluation mode, away from the start, where gates are nearly shut and norms have seen nothing."""
    torch.manual_seed(0)
    fusion = MODELS.build(dict(type=kind, visual_channels=C, word_channels=D, **kwargs))
    for module in fusion.modules():
        if isinstance(module, TanhGate):
            nn.init.normal_(module.gate[0].weight)
            nn.init.normal_(module.gate[2].weight)
        elif isinstance(module, nn.LayerNorm):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.normal_(module.weight, mean=1.0)
            nn.init.uniform_(module.bias)  # positive, so that the rectifier between the layers lets something through
    return fusion.eval()


def results(fused, word_mask):
    """List what a fusion gives, words at real positions only."""
    visual, words, output = FusedStage(*fused)
    real = words[:, : word_mask.shape[1]][word_mask]
    return [visual, real] if output is None else [visual, real, output]


def assert_padding_is_ignored(fusion):
    """What padding words hold and how many there are changes nothing; they are handed on as they are."""
    visual, words, word_mask = make_batch()
    fused = fusion(visual, words, word_mask)
    before = results(fused, word_mask)
    torch.testing.assert_close(fused[1][~word_mask], words[~word_mask])
    changed = words.masked_fill(~word_mask[..., None], float('nan'))
    longer = F.pad(words, (0, 0, 0, 3), value=9.0)
    for other, mask in ((changed, word_mask), (longer, F.pad(word_mask, (0, 3)))):
        for one, expected in zip(results(fusion(visual, other, mask), word_mask), before, strict=True):
            torch.testing.assert_close(one, expected, atol=1e-5, rtol=1e-5)


def assert_batch_is_its_samples(fusion):
    """Two samples together give what each gives alone."""
    batch = make_batch()
    both = FusedStage(*fusion(*batch))
    for sample in range(2):
        alone = FusedStage(*fusion(*(part[sample : sample + 1] for part in batch)))
        for one, other in zip(alone, both, strict=True):
            if other is not None:
                torch.testing.assert_close(one[0], other[sample], atol=1e-5, rtol=1e-5)


def assert_finite_without_words(fusion):
    """A text without a real word gives no NaN."""
    visual, words, word_mask = make_batch()
    word_mask[0] = False
    assert all(part.isfinite().all() for part in results(fusion(visual, words, word_mask), word_mask))
