# Copyright (c) mmrrsis contributors.
"""Base of the context necks that change the maps and not the words."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.structures import ContextFeatures, MultimodalFeatures, TextFeatures


class VisualContextNeck(BaseModule):
    """Integrates the stages, then brings each but the first to the width of the words.

    What BTDNet's Fig. 10 puts in the place of :class:`MCI` comes from networks whose decoders read maps alone and in
    the channels of the encoder. Its decoder reads maps and words in one width ``D``: a linear layer and a layer norm
    of each stage after the first, as MCI has in front, follow the integration here. The words go on as they are, zero
    at padding.

    Args:
        visual_channels: Channels ``C_i`` of all stages of the encoder, first stage first.
        word_channels: Width ``D`` of the words, and of all results.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(self, visual_channels: Sequence[int], word_channels: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Linear(channels, word_channels), nn.LayerNorm(word_channels))
            for channels in visual_channels[1:]
        )

    @abstractmethod
    def integrate(self, maps: tuple[Tensor, ...], text: TextFeatures) -> tuple[Tensor, ...]:
        """Integrate the stages.

        Args:
            maps: ``(B, C_i, H_i, W_i)`` of all stages.
            text: The words, for necks that are guided by them.

        Returns:
            Maps of the same shapes.
        """

    def forward(self, features: MultimodalFeatures) -> ContextFeatures:
        """Integrate the stages of B samples.

        Args:
            features: Maps ``V'_i`` of all stages in ``visual.layers`` and words ``L'`` ``(B, N, D)`` in ``text``.

        Returns:
            The integrated stages, those after the first in the width ``D``, and what the encoder gave beside them.

        Raises:
            ValueError: If the number of stages differs from ``visual_channels``.
        """
        maps, text = features.visual.layers, features.text
        if len(maps) != len(self.projections) + 1:
            raise ValueError(
                f'{type(self).__name__} was built for {len(self.projections) + 1} stages but got {len(maps)}. Make '
                'model.neck.visual_channels list the channels of every stage that model.encoder returns.'
            )
        finest, *levels = self.integrate(maps, text)
        return ContextFeatures(
            levels=tuple(
                projection(level.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
                for projection, level in zip(self.projections, levels, strict=True)
            ),
            finest=finest,
            text=replace(text, words=text.words.masked_fill(~text.word_mask[..., None], 0)),
        )
