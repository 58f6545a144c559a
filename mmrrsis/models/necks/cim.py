# Copyright (c) mmrrsis contributors.
"""CIM, the cross-scale interaction module of RMSIN, as a context neck."""

from collections.abc import Sequence

from torch import Tensor

from mmrrsis.registry import MODELS
from mmrrsis.structures import TextFeatures

from ..layers import CrossScaleInteraction
from .visual_context_neck import VisualContextNeck


@MODELS.register_module()
class CIM(VisualContextNeck):
    """Stages that attend to each other on one small grid, in the place of BTDNet's :class:`MCI`.

    BTDNet, section IV-D, Fig. 10. The module is :class:`CrossScaleInteraction` (Liu et al., CVPR 2024), on all stages
    and in the channels of the encoder as in RMSIN; so the finest map that the decoder gets is the first stage after
    the interaction, not as it left the encoder. No word takes part.

    Args:
        visual_channels: Channels ``C_i`` of all stages of the encoder, first stage first; multiples of 4.
        word_channels: Width ``D`` of the words, and of all results.
        grid_size: Height and width of the grid that all stages are pooled to. RMSIN's is the size of the last stage:
            (15, 15) for 480 x 480 images, (16, 16) for 512 x 512.
        num_blocks: Number of blocks; 1 is RMSIN's.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If the channels, the grid or the number of blocks are not usable.
    """

    def __init__(
        self,
        visual_channels: Sequence[int],
        word_channels: int,
        grid_size: Sequence[int] = (15, 15),
        num_blocks: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(visual_channels, word_channels, init_cfg)
        self.interaction = CrossScaleInteraction(visual_channels, grid_size, num_blocks)

    def integrate(self, maps: tuple[Tensor, ...], text: TextFeatures) -> tuple[Tensor, ...]:
        """Let all stages interact, without the text; see :meth:`VisualContextNeck.integrate`."""
        return self.interaction(maps)
