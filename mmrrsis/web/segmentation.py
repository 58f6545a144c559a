# Copyright (c) mmrrsis contributors.
"""What the page keeps of a run of the model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmrrsis.apis.referring_inferencer import mask_score
from mmrrsis.geo import Predictor

from .layer_choices import LayerChoices, record_layers
from .picture_source import PictureSource


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
    """

    source: PictureSource
    expressions: tuple[str, ...]
    probabilities: np.ndarray
    layer_choices: LayerChoices

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


def segment_source(predictor: Predictor, source: PictureSource, expressions: Sequence[str]) -> Segmentation:
    """Ask a model about an image.

    The model sees the whole image, reduced to at most 2048 pixels, as with ``mmrrsis segment --mode whole``.

    Args:
        predictor: A :class:`~mmrrsis.apis.ReferringInferencer`, or anything that predicts as it does.
        source: The image.
        expressions: K different expressions.

    Returns:
        The probabilities and the layers that were chosen.
    """
    with record_layers(getattr(predictor, 'model', None)) as choices:
        probabilities = predictor.predict_probabilities([source.image], expressions)[0]
    return Segmentation(source, tuple(expressions), probabilities, choices)
