# Copyright (c) mmrrsis contributors.
"""Segment one image with one sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from torch import nn

from mmrrsis.registry import MODELS, TRANSFORMS
from mmrrsis.structures import ReferringDataSample, resize_probability
from mmrrsis.visualization import read_image

from .checkpoint import load_checkpoint
from .config import check_config, explain_config_errors

# Steps of a test pipeline that do not apply to an image given by hand: it is read already, and nothing is known of it.
_LOADING_TYPES = ('LoadImageFromFile', 'LoadReferringMask')


def init_segmentor(
    config: str | Path | Config,
    checkpoint: str | Path | None = None,
    device: str = 'cpu',
    cfg_options: dict[str, Any] | None = None,
) -> nn.Module:
    """Build a segmentor for inference.

    Args:
        config: A config or its file.
        checkpoint: The trained parameters; every key must fit. None keeps the initial ones.
        device: A torch device, such as ``cuda:0``.
        cfg_options: Changes of the config, keys such as ``model.decode_head.num_kernels``.

    Returns:
        The model in evaluation mode on ``device``, with its config as attribute ``cfg``.

    Raises:
        FileNotFoundError: If config or checkpoint do not exist.
        ConfigError: If the config has a mistake.
        CheckpointMismatchError: If the checkpoint belongs to another architecture.
    """
    cfg = config if isinstance(config, Config) else Config.fromfile(str(config))
    if cfg_options:
        cfg = Config(cfg.to_dict(), filename=cfg.filename)  # the caller's config stays as it is
        cfg.merge_from_dict(cfg_options)
    check_config(cfg)
    init_default_scope(cfg.get('default_scope', 'mmrrsis'))
    model_cfg = cfg.model.copy()
    if cfg.get('data_preprocessor'):
        model_cfg.setdefault('data_preprocessor', cfg.data_preprocessor)  # as the runner does
    with explain_config_errors(cfg):
        model = MODELS.build(model_cfg)
    if checkpoint is not None:
        load_checkpoint(model, checkpoint)
    model.cfg = cfg
    return model.to(device).eval()


def _build_pipeline(cfg: Config) -> Compose:
    """Build the config's test pipeline without the steps that load from a data set."""
    steps = cfg.get('test_pipeline') or cfg.test_dataloader.dataset.pipeline
    kept = [step for step in steps if str(step['type']).split('.')[-1] not in _LOADING_TYPES]
    with explain_config_errors(cfg):
        return Compose([TRANSFORMS.build(step) for step in kept])


@torch.no_grad()
def segment_image(
    model: nn.Module, image: str | Path | np.ndarray, expression: str, threshold: float | None = None
) -> ReferringDataSample:
    """Segment what a sentence refers to in one image.

    Args:
        model: A model of :func:`init_segmentor`.
        image: An image file, or ``(H, W, 3)`` uint8 RGB of any size.
        expression: The referring expression.
        threshold: A pixel belongs to the mask when its probability is above this, in [0, 1]. None takes the model's.

    Returns:
        The sample; ``pred_mask.data`` is ``(1, H, W)`` bool and ``pred_mask.probability`` ``(1, H, W)`` float, at
        the size of the image and on the CPU.

    Raises:
        FileNotFoundError: If there is no such image file.
        ValueError: If the image is unreadable, the array is not as described, the expression is empty, or the
            threshold is outside [0, 1].
    """
    if not expression.strip():
        raise ValueError('The referring expression is empty. Describe one object or region in words.')
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f'`threshold` must be in [0, 1] but is {threshold}.')
    if isinstance(image, np.ndarray):
        path = ''
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(f'`image` must be (H, W, 3) uint8 RGB but is {image.shape} {image.dtype}.')
    else:
        path, image = str(image), read_image(image)
    shape = image.shape[:2]
    sample = dict(
        img=np.ascontiguousarray(image[..., ::-1]),  # the pipelines work on BGR, as mmcv.LoadImageFromFile reads
        img_path=path,
        img_shape=shape,
        ori_shape=shape,
        sample_id=path or 'image',
        expressions=[expression],
        category=None,
        subset=None,
    )
    data = _build_pipeline(model.cfg)(sample)
    (data_sample,) = model.test_step(pseudo_collate([data]))
    data_sample = data_sample.cpu()
    if threshold is not None:
        data_sample.set_metainfo(dict(mask_threshold=threshold))
    probability = resize_probability(data_sample.pred_mask.probability, shape)
    data_sample.pred_mask = PixelData(data=probability > data_sample.mask_threshold, probability=probability)
    return data_sample
