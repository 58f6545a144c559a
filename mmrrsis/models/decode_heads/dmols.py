# Copyright (c) mmrrsis contributors.
"""D-MOLS, the dual-modal object learning strategy of BTDNet."""

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmrrsis.registry import MODELS
from mmrrsis.structures import ContextFeatures

from ..layers import CrossAttentionBlock


@MODELS.register_module()
class DMOLS(BaseModule):
    """Rebuild the whole expression from the one without its key phrase, the image and the words; in training only.

    BTDNet, section III-E. Equation 12: ``L_re = CrossAtt(L_m, CrossAtt(V*, L*))``, first the pixels ``V*`` of all
    levels as queries on the words ``L*``, then the masked words ``L_m`` as queries on the result; "implemented using
    a transformer decoder", so each ``CrossAtt`` is a :class:`CrossAttentionBlock`. Equation 13: the squared distance
    to the text encoder's own features ``L_0`` of the whole expression, through which no gradient passes, averaged
    over tokens.

    Not in the paper, and chosen here: padding does not count as a token, whereas the key phrase, hidden in ``L_m``,
    does, being what is to be rebuilt. The squared distance is averaged over the channels as well, as the mask loss is
    averaged over the pixels, so that the two stay comparable; ``loss_weight=0.1 * D`` gives the sum.

    Args:
        channels: Channels ``D`` of pixels and words.
        num_heads: Attention heads.
        ffn_ratio: Width of the feed-forward layers relative to ``D``.
        loss_weight: ``eta``, the factor of the loss.
        loss_name: Its name in the log.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int = 8,
        ffn_ratio: float = 4.0,
        loss_weight: float = 0.1,
        loss_name: str = 'loss_re',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.pixel_block = CrossAttentionBlock(channels, num_heads, ffn_ratio)
        self.word_block = CrossAttentionBlock(channels, num_heads, ffn_ratio)
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(self, context: ContextFeatures) -> Tensor:
        """Rebuild the words of B expressions, ``(B, N, D)``; meaningless at padding.

        Raises:
            ValueError: If ``masked_words`` is None.
        """
        if context.text.masked_words is None:
            raise ValueError(
                'D-MOLS starts from the expression without its key phrase (`masked_words`), which the encoder did not '
                'give. Set model.encoder.encode_masked=True, or leave D-MOLS out with '
                'model.decode_head.reconstruction=None.'
            )
        pixels = torch.cat([level.flatten(2).transpose(1, 2) for level in context.levels], dim=1)
        pixels = self.pixel_block(pixels, context.text.words, context.text.word_mask)
        # Padding may hold NaN, which would reach the weights through their gradients.
        return self.word_block(context.text.masked_words.masked_fill(~context.text.word_mask[..., None], 0), pixels)

    def loss(self, context: ContextFeatures) -> Tensor:
        """Return the weighted loss of the rebuilt words, a scalar.

        Args:
            context: Features with ``masked_words`` and ``reference_words``.

        Raises:
            ValueError: If either is None.
        """
        if context.text.reference_words is None:
            raise ValueError(
                'D-MOLS compares with the words of the whole expression (`reference_words`), which the encoder did '
                'not give. Set model.encoder.encode_reference=True and train in train mode, or leave D-MOLS out with '
                'model.decode_head.reconstruction=None.'
            )
        difference = self(context).float() - context.text.reference_words.detach().float()
        # Selected, not multiplied with the mask: padding may hold NaN.
        return self.loss_weight * difference[context.text.word_mask].square().mean()
