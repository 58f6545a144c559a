# Copyright (c) mmrrsis contributors.
"""The test pipeline of a config, for images given by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose

from mmrrsis.engine.config import explain_config_errors, type_name
from mmrrsis.registry import TRANSFORMS

from .expression_checker import Tokenizer

# Steps of a test pipeline that do not apply to an image given by hand: it is read already, and nothing is known of it.
_LOADING_TYPES = ('LoadImageFromFile', 'LoadReferringMask')


class InferencePipeline:
    """Pack one image with each of its expressions.

    What comes before ``ChooseExpression`` cannot depend on the expression and runs once an image.

    Args:
        cfg: A whole config; ``test_pipeline`` or the pipeline of the test data set is taken, without the steps that
            load from a data set.

    Attributes:
        tokenizer: The tokenizer of the pipeline; None without ``TokenizeExpression``.

    Raises:
        ConfigError: If a step is unknown or has an unknown argument.
    """

    tokenizer: Tokenizer | None

    def __init__(self, cfg: Config) -> None:
        steps = cfg.get('test_pipeline') or cfg.test_dataloader.dataset.pipeline
        kept = [step for step in steps if type_name(step) not in _LOADING_TYPES]
        with explain_config_errors(cfg):
            built = [TRANSFORMS.build(step) for step in kept]
        names = [type_name(step) for step in kept]
        split = names.index('ChooseExpression') if 'ChooseExpression' in names else 0
        self.image_steps = Compose(built[:split])
        self.text_steps = Compose(built[split:])
        self.tokenizer = built[names.index('TokenizeExpression')].tokenizer if 'TokenizeExpression' in names else None

    def __call__(self, image: np.ndarray, expressions: Sequence[str], path: str = '') -> list[dict[str, Any]]:
        """Pack an image with each of its expressions.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            expressions: K expressions.
            path: Where the image comes from, empty if from no file.

        Returns:
            K packed samples, ``inputs`` and ``data_samples``. ``inputs`` is the same image K times.
        """
        shape = image.shape[:2]
        sample = dict(
            img=np.ascontiguousarray(image[..., ::-1]),  # the pipelines work on BGR, as mmcv.LoadImageFromFile reads
            img_path=path,
            img_shape=shape,
            ori_shape=shape,
            sample_id=path or 'image',
            category=None,
            subset=None,
        )
        prepared = self.image_steps(sample)
        return [self.text_steps({**prepared, 'expressions': [expression]}) for expression in expressions]
