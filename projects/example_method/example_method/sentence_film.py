# Copyright (c) mmrrsis contributors.
"""Scale and shift of a map by the sentence."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrrsis.registry import MODELS
from mmrrsis.structures import TextFeatures


@MODELS.register_module()
class SentenceFiLM(BaseModule):
    """Scale and shift the channels of a map by the sentence, in the place of CD2FSAN's alignment ``MAAM``.

    `FiLM <https://arxiv.org/abs/1709.07871>`_ (Perez et al., AAAI 2018), formula 2, with one linear layer. It starts
    at zero, so that an untrained layer passes the map on unchanged.

    Args:
        channels: Channels ``C`` of the map.
        sentence_channels: Width ``D`` of the sentence feature.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(self, channels: int, sentence_channels: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.film = nn.Linear(sentence_channels, 2 * channels)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, feature: Tensor, text: TextFeatures) -> Tensor:
        """Modulate each map by its own sentence.

        Args:
            feature: ``(B, C, H, W)``.
            text: Features of the B expressions, with ``sentence`` ``(B, D)``.

        Returns:
            ``(B, C, H, W)``.

        Raises:
            ValueError: If the text encoder gives words only.
        """
        if text.sentence is None:
            raise ValueError(
                'SentenceFiLM needs a sentence feature, but model.encoder gives words only. Use an encoder with one, '
                'for example CLIPDualEncoder.'
            )
        scale, shift = self.film(text.sentence)[..., None, None].chunk(2, dim=1)  # (B, C, 1, 1) each
        return feature * (1 + scale) + shift
