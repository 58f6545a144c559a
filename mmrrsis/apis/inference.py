# Copyright (c) mmrrsis contributors.
"""Segment one image with one sentence."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope

from mmrrsis.checkpoint import load_checkpoint
from mmrrsis.checkpoint_file import read_metadata
from mmrrsis.engine.config import check_config, explain_config_errors, load_config
from mmrrsis.engine.runtime import choose_device
from mmrrsis.images import ImageInput, as_rgb
from mmrrsis.registry import MODELS
from mmrrsis.structures import ReferringDataSample

from .expression_checker import ExpressionChecker, warn_of_words
from .inference_pipeline import InferencePipeline
from .known_words import KnownWords
from .predict_groups import predict_groups


def init_segmentor(
    config: str | Path | Config,
    checkpoint: str | Path | None = None,
    device: str | None = None,
    cfg_options: dict[str, Any] | None = None,
) -> BaseModel:
    """Build a segmentor for inference.

    Args:
        config: A config or its file.
        checkpoint: The trained parameters; every key must fit. None keeps the initial ones.
        device: A torch device, such as ``cuda:0``. None takes the accelerator where there is one.
        cfg_options: Changes of the config, keys such as ``model.decode_head.num_kernels``.

    Returns:
        The model in evaluation mode on ``device``, with its config as attribute ``cfg`` and, as ``known_words``, the
        :class:`KnownWords` that the checkpoint carries, None if it carries none. Its terms of use, where it has any,
        are said and kept as ``terms``.

    Raises:
        FileNotFoundError: If config or checkpoint do not exist.
        ConfigError: If the config has a mistake.
        CheckpointMismatchError: If the checkpoint belongs to another architecture.
        ValueError: If the device cannot be used, or the checkpoint is none or not finite.
    """
    cfg = config if isinstance(config, Config) else load_config(config)
    if cfg_options:
        cfg = Config(cfg.to_dict(), filename=cfg.filename)  # the caller's config stays as it is
        cfg.merge_from_dict(cfg_options)
    check_config(cfg)
    chosen = choose_device(device)  # before a model is built for it
    init_default_scope(cfg.get('default_scope', 'mmrrsis'))
    model_cfg = cfg.model.copy()
    if cfg.get('data_preprocessor'):
        model_cfg.setdefault('data_preprocessor', cfg.data_preprocessor)  # as the runner does
    with explain_config_errors(cfg):
        model = MODELS.build(model_cfg)
    if checkpoint is not None:
        load_checkpoint(model, checkpoint)
    model.known_words, model.terms = None, ''
    if checkpoint is not None:
        model.known_words = _read_known_words(checkpoint)
        model.terms = read_metadata(checkpoint).get('terms', '')
        if model.terms:
            print_log(f'{Path(checkpoint).name}: {model.terms}', logger='current', level=logging.WARNING)
    model.cfg = cfg
    return model.to(chosen).eval()


def _read_known_words(checkpoint: str | Path) -> KnownWords | None:
    """Read the words that a checkpoint carries; say so if it carries none."""
    known_words = KnownWords.from_checkpoint(checkpoint)
    if known_words is None:
        print_log(
            f'{checkpoint} does not say which words it was trained on: words and objects that it does not know are '
            'not noticed. `tools/model_converters/publish_model.py --config` writes them into a file of weights.',
            logger='current',
            level=logging.WARNING,
        )
    return known_words


def check_expressions(expressions: Sequence[str]) -> None:
    """Check that there is an expression, and words in each.

    Raises:
        TypeError: If one is no string.
        ValueError: If there is none, or one is empty.
    """
    if not expressions:
        raise ValueError('There is no referring expression. Describe one object or region in words.')
    for expression in expressions:
        if not isinstance(expression, str):
            raise TypeError(f'A referring expression must be a string but is {expression!r}.')
        if not expression.strip():
            raise ValueError('The referring expression is empty. Describe one object or region in words.')


def check_threshold(threshold: float | None) -> None:
    """Check that a mask threshold is a probability, or None.

    Raises:
        ValueError: If it is outside [0, 1].
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f'`threshold` must be in [0, 1] but is {threshold}.')


def segment_image(
    model: BaseModel, image: ImageInput, expression: str, threshold: float | None = None, force: bool = False
) -> ReferringDataSample:
    """Segment what a sentence refers to in one image.

    Args:
        model: A model of :func:`init_segmentor`.
        image: An image file, ``(H, W, 3)`` uint8 RGB of any size, or a Pillow image.
        expression: The referring expression.
        threshold: A pixel belongs to the mask when its probability is above this, in [0, 1]. None takes the model's.
        force: Segment an object that the model was not trained on all the same.

    Returns:
        The sample; ``pred_mask.data`` is ``(1, H, W)`` bool and ``pred_mask.probability`` ``(1, H, W)`` float, at
        the size of the image and on the CPU.

    Raises:
        FileNotFoundError: If there is no such image file.
        ValueError: If the image is unreadable, the array is not as described, the expression is empty, or the
            threshold is outside [0, 1].
        UnknownObjectError: If the model was not trained on the object that the expression names.

    Warns:
        ExpressionWarning: If the model does not know or does not see other words of the expression.
    """
    check_expressions([expression])
    check_threshold(threshold)
    pixels, path = as_rgb(image)
    pipeline = InferencePipeline(model.cfg)
    warn_of_words(ExpressionChecker(model.known_words, pipeline.tokenizer)([expression], force))
    group = pipeline(pixels, [expression], path)
    ((sample,),) = predict_groups(model, [group], batch_size=1)
    return sample.at_size(pixels.shape[:2], threshold)
