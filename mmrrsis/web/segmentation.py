# Copyright (c) mmrrsis contributors.
"""Ask a model about an image, and keep what its masks of any threshold and its table of layers need."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from mmrrsis.apis.referring_inferencer import mask_score
from mmrrsis.geo import Predictor

from .user_input import PictureSource


class _Selected(Protocol):
    """What a layer selection returns, as far as the page reads it."""

    layers: Tensor
    scores: Tensor | None


@dataclass
class LayerChoices:
    """What a layer selection did for each expression.

    Attributes:
        candidate_layers: ``M`` layers to choose from, counted from 1; empty where nothing was scored.
        scores: ``(K, M)``, the weight of each candidate.
        layers: ``(K, L)``, the layers that were taken; the last one is the encoder's last, which is always taken.
    """

    candidate_layers: tuple[int, ...] = ()
    scores: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    layers: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))

    def __bool__(self) -> bool:
        return bool(self.candidate_layers)


@dataclass(frozen=True)
class MaskSummary:
    """Figures of a mask.

    Attributes:
        share: Share of the image's valid pixels that are in the mask, in [0, 1].
        score: Mean probability inside, 0 for an empty mask.
        highest: Highest probability of a valid pixel, 0 if there is none.
    """

    share: float
    score: float
    highest: float


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Probabilities of the expressions about one image; masks of any threshold come from them without the model.

    Attributes:
        source: The image.
        expressions: K expressions.
        probabilities: ``(K, h, w)`` float32 in [0, 1], at the size of ``source.image``.
        layer_choices: The layers that the model chose for each expression; empty for a model that chooses none.
        notes: Sentences that name words which the model does not know or does not see.
    """

    source: PictureSource
    expressions: tuple[str, ...]
    probabilities: np.ndarray
    layer_choices: LayerChoices
    notes: tuple[str, ...] = ()

    def masks(self, threshold: float) -> np.ndarray:
        """Return ``(K, h, w)`` bool: pixels with data whose probability is above the threshold."""
        return (self.probabilities > threshold) & self.source.valid

    def summaries(self, threshold: float) -> list[MaskSummary]:
        """Return the figures of each mask at a threshold."""
        valid = self.source.valid
        return [
            MaskSummary(
                share=float(mask.sum() / max(1, valid.sum())),
                score=mask_score(probability, mask),
                highest=float(probability[valid].max(initial=0)),
            )
            for probability, mask in zip(self.probabilities, self.masks(threshold), strict=True)
        ]


@contextmanager
def record_layers(model: nn.Module | None) -> Iterator[LayerChoices]:
    """Record what the layer selection of a model chooses in the ``with`` block.

    Args:
        model: A model. One without ``neck.layer_selection``, or whose selection does not score its candidates, as
            DFSM does, records nothing.

    Yields:
        The choices, complete when the block has ended; one row per pair of image and expression, in the order in which
        the model sees them.
    """
    choices = LayerChoices()
    selection = getattr(getattr(model, 'neck', None), 'layer_selection', None)
    if selection is None:
        yield choices
        return
    scores: list[Tensor] = []
    layers: list[Tensor] = []

    def keep(module: nn.Module, inputs: tuple, selected: _Selected) -> None:
        if selected.scores is not None:
            scores.append(selected.scores.detach().float().cpu())
            layers.append(selected.layers.cpu())

    handle = selection.register_forward_hook(keep)
    try:
        yield choices
    finally:
        handle.remove()
    if scores:
        choices.candidate_layers = tuple(selection.candidate_layers)
        choices.scores = torch.cat(scores).numpy()
        choices.layers = torch.cat(layers).numpy()


def segment_source(
    predictor: Predictor, source: PictureSource, expressions: Sequence[str], force: bool = False
) -> Segmentation:
    """Ask a model about an image.

    The model sees the whole image, reduced to at most 2048 pixels, as with ``mmrrsis segment --mode whole``.

    Args:
        predictor: A :class:`~mmrrsis.apis.ReferringInferencer`, or anything that predicts as it does.
        source: The image.
        expressions: K different expressions.
        force: Segment objects that the model was not trained on all the same.

    Returns:
        The probabilities and the layers that were chosen.

    Raises:
        UnknownObjectError: If the model was not trained on the object that an expression names.
    """
    notes = predictor.check_words(expressions, force)
    with record_layers(getattr(predictor, 'model', None)) as choices:
        probabilities = predictor.predict_probabilities([source.image], expressions)[0]
    return Segmentation(source, tuple(expressions), probabilities, choices, tuple(notes))
