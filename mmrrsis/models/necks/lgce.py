# Copyright (c) mmrrsis contributors.
"""LGCE, the language-guided cross-scale enhancement of the RefSegRS paper, as a context neck."""

from collections.abc import Sequence

from torch import Tensor

from mmrrsis.registry import MODELS
from mmrrsis.structures import TextFeatures

from ..layers import LanguageGuidedEnhancement
from .visual_context_neck import VisualContextNeck


@MODELS.register_module()
class LGCE(VisualContextNeck):
    """Scales that exchange what they know through language tokens, in the place of BTDNet's :class:`MCI`.

    BTDNet, section IV-D, Fig. 10. The module is :class:`LanguageGuidedEnhancement` (after Yuan et al., TGRS 2024) in
    the channels of the encoder; what is known of it and what is chosen is said there. It works on the stages that MCI
    integrates, all but the first, which is handed on as it is; BTDNet does not say which stages it had in Fig. 10.

    Args:
        visual_channels: Channels ``C_i`` of all stages of the encoder, first stage first; three stages or more.
        word_channels: Width ``D`` of the words, and of all results.
        num_heads: Attention heads, a divisor of the channels of the stages after the first.
        ffn_ratio: Width of the feed-forward layers relative to the channels.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If there are too few stages, or the heads cannot share their channels.
    """

    def __init__(
        self,
        visual_channels: Sequence[int],
        word_channels: int,
        num_heads: int = 8,
        ffn_ratio: float = 4.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(visual_channels, word_channels, init_cfg)
        self.enhancement = LanguageGuidedEnhancement(visual_channels[1:], word_channels, num_heads, ffn_ratio)

    def integrate(self, maps: tuple[Tensor, ...], text: TextFeatures) -> tuple[Tensor, ...]:
        """Enhance the stages after the first; see :meth:`VisualContextNeck.integrate`."""
        return (maps[0], *self.enhancement(maps[1:], text.words, text.word_mask))
