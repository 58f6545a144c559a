# Copyright (c) mmrrsis contributors.
"""Predict for images with several expressions each, encoding every image once where the model allows it."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from torch import Tensor

from mmrrsis.structures import ReferringDataSample, ReferringTextBatch, TextFeatures, VisualFeatures

_Features = TypeVar('_Features', TextFeatures, VisualFeatures)


def _take(features: _Features, index: Tensor) -> _Features:
    """Select rows of the batch in every tensor of a feature container."""

    def select(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(select(item) for item in value)
        return None if value is None else value[index]

    return replace(features, **{field.name: select(getattr(features, field.name)) for field in fields(features)})


@torch.no_grad()
def predict_groups(
    model: BaseModel, groups: Sequence[Sequence[dict[str, Any]]], batch_size: int
) -> list[list[ReferringDataSample]]:
    """Predict for B images with K_i expressions each.

    With a dual encoder the B images are encoded in one batch and every distinct expression once; only the fusion and
    the head run for each pair. An encoder that needs both together sees every pair.

    Args:
        model: A segmentor in evaluation mode.
        groups: For each image its packed samples, one per expression, see :class:`InferencePipeline`.
        batch_size: Most pairs of image and expression in one pass.

    Returns:
        For each image its samples with ``pred_mask`` at the network's input size, on the model's device.
    """
    pairs = [packed for group in groups for packed in group]
    starts = range(0, len(pairs), batch_size)
    if not model.encodes_image_alone:
        batches = (pseudo_collate(pairs[start : start + batch_size]) for start in starts)
        predicted = [sample for batch in batches for sample in model.test_step(batch)]
    else:
        data = dict(
            inputs=[group[0]['inputs'] for group in groups], data_samples=[pair['data_samples'] for pair in pairs]
        )
        data = model.data_preprocessor(data, False)
        images, samples = data['inputs'], data['data_samples']
        texts = {sample.text.raw: sample.text for sample in samples}
        position = {raw: index for index, raw in enumerate(texts)}
        visual = model.encode_image(images)
        words = model.encode_text(ReferringTextBatch.stack(list(texts.values())))
        image_of = torch.tensor([index for index, group in enumerate(groups) for _ in group], device=images.device)
        text_of = torch.tensor([position[sample.text.raw] for sample in samples], device=images.device)
        predicted = []
        for start in starts:
            chosen = slice(start, start + batch_size)
            logits = model.decode(_take(visual, image_of[chosen]), _take(words, text_of[chosen]))
            predicted.extend(model.postprocess(logits, images.shape[-2:], samples[chosen]))
    remaining = iter(predicted)
    return [[next(remaining) for _ in group] for group in groups]
