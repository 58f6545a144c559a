# Copyright (c) mmrrsis contributors.
"""The data set of a split, and predictions for some of its samples, to look at them."""

from collections.abc import Iterator, Sequence

import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.utils import track_iter_progress

from mmrrsis.engine.config import explain_config_errors
from mmrrsis.images import read_image
from mmrrsis.registry import DATASETS
from mmrrsis.visualization import SheetRow


def build_dataset(cfg: Config, split: str) -> BaseDataset:
    """Build the data set of a split.

    Args:
        cfg: A whole config.
        split: ``'train'``, ``'val'`` or ``'test'``: whose loader names the data set.

    Raises:
        ConfigError: If the config has a mistake.
    """
    init_default_scope(cfg.get('default_scope', 'mmrrsis'))
    with explain_config_errors(cfg):
        return DATASETS.build(cfg[f'{split}_dataloader'].dataset)


@torch.no_grad()
def predict_samples(model: BaseModel, dataset: BaseDataset, indices: Sequence[int]) -> Iterator[SheetRow]:
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
