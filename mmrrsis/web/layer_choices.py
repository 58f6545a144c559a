# Copyright (c) mmrrsis contributors.
"""Which layers of the image encoder DFSM chooses for each expression."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn


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


@contextmanager
def record_layers(model: nn.Module | None) -> Iterator[LayerChoices]:
    """Record what the layer selection of a model chooses in the ``with`` block.

    Args:
        model: A model. One without ``neck.layer_selection``, or whose selection does not score its candidates, as
            DFSM does, records nothing.

    Yields:
        The choices, complete when the block has ended; one row a pair of image and expression, in the order in which
        the model sees them.
    """
    choices = LayerChoices()
    selection = getattr(getattr(model, 'neck', None), 'layer_selection', None)
    if selection is None:
        yield choices
        return
    scores: list[Tensor] = []
    layers: list[Tensor] = []

    def keep(module: nn.Module, inputs: tuple, selected: object) -> None:
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
