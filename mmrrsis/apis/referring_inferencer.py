# Copyright (c) mmrrsis contributors.
"""Segment many images with many sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from PIL import Image
from rich.progress import track
from torch import nn

from mmrrsis.engine.config import load_config
from mmrrsis.images import ImageInput, as_rgb, list_images
from mmrrsis.package_files import DEFAULT_MODEL, DEFAULT_WEIGHTS, find_config, find_weights
from mmrrsis.structures import ReferringDataSample
from mmrrsis.visualization import draw_prediction

from .expression_checker import CheckedExpression, ExpressionChecker, warn_of_words
from .inference import check_expressions, check_threshold, init_segmentor
from .inference_pipeline import InferencePipeline
from .predict_groups import predict_groups

ImagesInput = ImageInput | Sequence[ImageInput]
Expressions = str | Sequence[str] | Sequence[Sequence[str]]


@dataclass(frozen=True)
class ReferringPrediction:
    """What a model answers to one expression about one image.

    Attributes:
        expression: The referring expression.
        mask: ``(H, W)`` bool, at the size of the image.
        probability: ``(H, W)`` float32 in [0, 1].
        score: Mean probability inside the mask, in [0, 1]; 0 for an empty mask.
        path: The file of the image; empty if it came from none.
        unknown_words: Words of the expression that the model was not trained on, in lower case.
        cut_words: Words at the end of the expression that the model does not see.
    """

    expression: str
    mask: np.ndarray
    probability: np.ndarray
    score: float
    path: str = ''
    unknown_words: tuple[str, ...] = ()
    cut_words: tuple[str, ...] = ()


def mask_score(probability: np.ndarray, mask: np.ndarray) -> float:
    """Return the mean of ``probability`` ``(H, W)`` inside ``mask`` ``(H, W)``, 0 for an empty mask."""
    return float(probability[mask].mean(dtype=np.float64)) if mask.any() else 0.0


class ReferringInferencer(BaseInferencer):
    """Segment images with referring expressions.

    Built on MMEngine's inferencer: images are read, packed and predicted batch by batch, with a progress bar. With a
    dual encoder an image is encoded once for all its expressions.

    Args:
        model: A config, its file, the name of a config of the package (the stem of its file), or a model of
            :func:`~mmrrsis.apis.init_segmentor`. None, together with ``weights=None``, takes the small model that
            ships with the package; it has seen synthetic scenes only.
        weights: A checkpoint, or ``package:NAME`` for one that ships with the package. None only with a built model
            or without ``model``: there is no result without training.
        device: A torch device such as ``cuda:0``. None takes the accelerator where there is one. A built model stays
            where it is.
        show_progress: Show a progress bar.

    Raises:
        ConfigError: If the config has a mistake.
        CheckpointMismatchError: If the checkpoint belongs to another architecture.
        FileNotFoundError: If config or checkpoint do not exist.
        ValueError: If one of ``model`` and ``weights`` is missing.

    Example:
        >>> inferencer = ReferringInferencer('cd2fsan_tiny_synthrs', 'best_mIoU.pth')
        >>> result = inferencer(['a.png', 'b.png'], ['the ship', 'the largest tank'])
        >>> result['predictions'][1][0].mask  # the ship in b.png
    """

    preprocess_kwargs = {'expressions'}
    forward_kwargs = {'threshold'}
    visualize_kwargs = {'draw', 'out_dir'}

    def __init__(
        self,
        model: str | Path | Config | nn.Module | None = None,
        weights: str | Path | None = None,
        device: str | None = None,
        show_progress: bool = True,
    ) -> None:
        self._built = model if isinstance(model, nn.Module) else None
        if isinstance(model, nn.Module):
            if weights is not None:
                raise ValueError('`weights` were given for a model that is built already. Give its config instead.')
            cfg = model.cfg
        else:
            if (model is None) != (weights is None):
                given, missing = ('weights', 'model') if model is None else ('model', 'weights')
                raise ValueError(
                    f'`{given}` is given but `{missing}` is not: a checkpoint needs the config it was trained with, '
                    'and a config a checkpoint. Give both, or neither for the small model of the package.'
                )
            if model is None or weights is None:
                model, weights = DEFAULT_MODEL, DEFAULT_WEIGHTS
            cfg = model if isinstance(model, Config) else load_config(find_config(model))
            weights = str(find_weights(weights))
        super().__init__(model=cfg, weights=weights, device=device, scope='mmrrsis', show_progress=show_progress)
        self._checker = ExpressionChecker(self.model.known_words, self.pipeline.tokenizer)

    @property
    def mask_threshold(self) -> float:
        """Probability above which the model counts a pixel to the mask."""
        return float(self.model.mask_threshold)

    def __call__(
        self,
        inputs: ImagesInput,
        expressions: Expressions,
        *,
        batch_size: int = 8,
        threshold: float | None = None,
        draw: bool = False,
        out_dir: str | Path | None = None,
        return_datasamples: bool = False,
        force: bool = False,
    ) -> dict[str, list]:
        """Segment.

        Args:
            inputs: One image or a list of them: files, ``(H, W, 3)`` uint8 RGB arrays, Pillow images; or a folder.
            expressions: One expression; a list, asked of every image; or for each image a list of its own.
            batch_size: Images in one pass of the image encoder, and pairs of image and expression in one pass of
                the rest.
            threshold: A pixel belongs to the mask when its probability is above this, in [0, 1]. None takes the
                model's.
            draw: Return pictures.
            out_dir: Write the pictures into this folder, ``NAME_INDEX.png`` with the index of the expression.
            return_datasamples: Return :class:`~mmrrsis.structures.ReferringDataSample` with ``pred_mask`` at the
                size of the image.
            force: Segment objects that the model was not trained on all the same.

        Returns:
            ``predictions``: for each image a list with one :class:`ReferringPrediction` an expression.
            ``visualization``: in the same order ``(H', W', 3)`` uint8 RGB pictures, see :func:`draw_prediction`;
            empty lists without ``draw``.

        Raises:
            FileNotFoundError: If an image does not exist.
            ValueError: If an image is unreadable, an expression empty, the number of lists of expressions not that
                of the images, ``batch_size`` below 1 or ``threshold`` outside [0, 1].
            UnknownObjectError: If the model was not trained on the object that an expression names.

        Warns:
            ExpressionWarning: If the model does not know or does not see other words of an expression.
        """
        if batch_size < 1:
            raise ValueError(f'`batch_size` must be 1 or more but is {batch_size}.')
        check_threshold(threshold)
        images = self._inputs_to_list(inputs)
        per_image = self._expressions_to_lists(expressions, len(images))
        checked = self._checker(list(dict.fromkeys(text for asked in per_image for text in asked)), force)
        warn_of_words(checked)
        batches = track(
            self.preprocess(images, batch_size, expressions=per_image),
            description='Segmenting',
            total=math.ceil(len(images) / batch_size),
            disable=not self.show_progress,
        )
        predicted = [group for batch in batches for group in self.forward(batch, threshold, batch_size)]
        pictures = self.visualize(images, predicted, draw=draw, out_dir=out_dir)
        return self.postprocess(predicted, pictures, return_datasamples, checked)

    def check_words(self, expressions: Sequence[str], force: bool = False) -> list[str]:
        """Find what the model will not understand of expressions; no image is needed.

        Args:
            expressions: The expressions.
            force: Let expressions through whose object the model was not trained on.

        Returns:
            Sentences that name words which the model does not know or does not see; none if all is well.

        Raises:
            ValueError: If there is no expression, or one is empty.
            UnknownObjectError: If the model was not trained on the object that an expression names.
        """
        check_expressions(expressions)
        return [message for item in self._checker(expressions, force) for message in item.messages]

    def predict_probabilities(self, images: Sequence[np.ndarray], expressions: Sequence[str]) -> np.ndarray:
        """Predict probabilities for images of one size, all in one batch, whatever the words: see :meth:`check_words`.

        Args:
            images: B arrays ``(H, W, 3)`` uint8 RGB.
            expressions: K expressions, asked of every image.

        Returns:
            ``(B, K, H, W)`` float32 in [0, 1].
        """
        check_expressions(expressions)
        groups = [self.pipeline(image, expressions) for image in images]
        # As many pairs at once as there are images: the features of the head are the largest that are held.
        predicted = predict_groups(self.model, groups, batch_size=len(groups))
        shape = images[0].shape[:2]
        fitted = [[sample.at_size(shape, threshold=0.5) for sample in group] for group in predicted]
        return np.stack([np.stack([sample.pred_mask.probability[0].numpy() for sample in group]) for group in fitted])

    def preprocess(
        self, inputs: list[ImageInput], batch_size: int = 1, *, expressions: list[list[str]]
    ) -> Iterator[list[list[dict[str, Any]]]]:
        """Read and pack images, batch by batch; only one batch is in memory."""
        for start in range(0, len(inputs), batch_size):
            batch = []
            for image, asked in zip(
                inputs[start : start + batch_size], expressions[start : start + batch_size], strict=True
            ):
                pixels, path = as_rgb(image)
                batch.append(self.pipeline(pixels, asked, path))
            yield batch

    def forward(
        self, inputs: list[list[dict[str, Any]]], threshold: float | None = None, batch_size: int = 1
    ) -> list[list[ReferringDataSample]]:
        """Predict for one batch of images, at the size of each image."""
        predicted = predict_groups(self.model, inputs, batch_size)
        return [[sample.at_size(sample.ori_shape, threshold) for sample in group] for group in predicted]

    def visualize(
        self,
        inputs: list[ImageInput],
        preds: list[list[ReferringDataSample]],
        draw: bool = False,
        out_dir: str | Path | None = None,
    ) -> list[list[np.ndarray]]:
        """Draw the predictions; images from files are read again."""
        if not draw and out_dir is None:
            return [[] for _ in preds]
        pictures = []
        for index, (image, group) in enumerate(zip(inputs, preds, strict=True)):
            pixels, path = as_rgb(image)
            drawn = [draw_prediction(pixels, sample.pred_mask.data[0].numpy(), sample.text.raw) for sample in group]
            if out_dir is not None:
                # The position keeps files apart that have one name in different folders.
                name = f'{index:04d}_{Path(path).stem or "image"}'
                for number, picture in enumerate(drawn):
                    mmcv.imwrite(picture[..., ::-1], str(Path(out_dir) / f'{name}_{number}.png'))
            pictures.append(drawn if draw else [])
        return pictures

    def postprocess(
        self,
        preds: list[list[ReferringDataSample]],
        visualization: list[list[np.ndarray]],
        return_datasample: bool = False,
        checked: Sequence[CheckedExpression] = (),
    ) -> dict[str, list]:
        """Pack predictions and pictures."""
        if return_datasample:
            return dict(predictions=preds, visualization=visualization)
        checks = {item.expression: item for item in checked}
        predictions = []
        for group in preds:
            answers = []
            for sample in group:
                mask = sample.pred_mask.data[0].numpy()
                probability = sample.pred_mask.probability[0].numpy()
                score = mask_score(probability, mask)
                check = checks.get(sample.text.raw, CheckedExpression(sample.text.raw))
                answers.append(
                    ReferringPrediction(
                        sample.text.raw,
                        mask,
                        probability,
                        score,
                        sample.img_path,
                        check.unknown_words,
                        check.cut_words,
                    )
                )
            predictions.append(answers)
        return dict(predictions=predictions, visualization=visualization)

    def _inputs_to_list(self, inputs: ImagesInput) -> list[ImageInput]:
        """Return the images one by one; those of a folder sorted by name."""
        if isinstance(inputs, (str, Path)) and Path(inputs).is_dir():
            return list(list_images(inputs))
        given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if not given:
            raise ValueError('The list of images is empty.')
        images: list[ImageInput] = []
        for image in given:
            if not isinstance(image, (str, Path, np.ndarray, Image.Image)):
                raise TypeError(f'An image must be a path, an array or a Pillow image but is {type(image).__name__}.')
            if isinstance(image, (str, Path)) and not Path(image).is_file():  # before the first one is segmented
                raise FileNotFoundError(f'There is no image {image}.')
            images.append(image)
        return images

    @staticmethod
    def _expressions_to_lists(expressions: Expressions, count: int) -> list[list[str]]:
        """Return a list of expressions for each of ``count`` images."""
        if isinstance(expressions, str):
            expressions = [expressions]
        strings = [item for item in expressions if isinstance(item, str)]
        if len(strings) == len(expressions):
            check_expressions(strings)
            return [strings] * count
        if strings:
            raise ValueError('`expressions` mixes strings and lists. Give one list for each image, or strings alone.')
        if len(expressions) != count:
            raise ValueError(f'`expressions` has {len(expressions)} lists but there are {count} images.')
        for item in expressions:
            check_expressions(item)
        return [list(item) for item in expressions]

    def _init_model(self, cfg: Config, weights: str | None, device: str | None = None) -> nn.Module:
        return self._built if self._built is not None else init_segmentor(cfg, weights, device)

    def _init_pipeline(self, cfg: Config) -> Callable:
        return InferencePipeline(cfg)

    def _init_visualizer(self, cfg: Config) -> None:
        """Return no visualizer: pictures are drawn without the runner's visualizer and its files."""
