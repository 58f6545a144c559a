# Copyright (c) mmrrsis contributors.
"""Predict samples of a data set, to look at them."""

from collections.abc import Iterator, Sequence

import torch
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.utils import track_iter_progress
from torch import nn

from mmrrsis.visualization import SheetRow, read_image


@torch.no_grad()
def predict_samples(model: nn.Module, dataset: BaseDataset, indices: Sequence[int]) -> Iterator[SheetRow]:
    """Predict samples one after the other, with a progress bar.

    Args:
        model: A model in evaluation mode.
        dataset: A data set with the pipeline of a test.
        indices: Positions in the data set.

    Yields:
        Image, expression, true and predicted mask at the size of the image.
    """
    for index in track_iter_progress([int(index) for index in indices]):
        (sample,) = model.test_step(pseudo_collate([dataset[index]]))
        image = read_image(sample.img_path)
        truth = sample.gt_mask.data[0].cpu().numpy().astype(bool)
        predicted = sample.at_size(image.shape[:2]).pred_mask.data[0].numpy()
        yield SheetRow(image, sample.text.raw, truth, predicted)
