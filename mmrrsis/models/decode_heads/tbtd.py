# Copyright (c) mmrrsis contributors.
"""T-BTD, the target-background twin-stream decoder of BTDNet."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS
from mmrrsis.structures import ContextFeatures

from ..layers import CrossAttention, CrossAttentionBlock
from .base_mask_head import BaseMaskHead

#: The mask loss of BTDNet (equations 10 and 11).
TARGET_BACKGROUND = (dict(type='TargetBackgroundLoss'),)


@MODELS.register_module()
class TBTD(BaseMaskHead[ContextFeatures]):
    """Score each pixel against the target that the words describe and against learned kinds of background.

    BTDNet, section III-D. The maps ``V*`` and the first stage ``V'_1``, at whose resolution they meet, make ``V_pred``
    ``(B, D, H_1, W_1)``. The words ``L*`` give the target's query; the words ``L_m`` of the expression without its key
    phrase, combined with learnable parameters, give ``K`` background tokens. Both are matched with ``V_pred``, and a
    pixel belongs to the target where the target's score is the larger.

    Not in the paper, and chosen here:

    - ``V_pred``: each level is added to the next finer one, brought to its size bilinearly; ``V'_1`` is normalised
      and mapped to ``D`` by a linear layer. All of this is linear in the pixels, so instead of ``V_pred``, 50 MB per
      sample at 512 x 512, each level is matched with the queries at its own resolution and the scores are added up
      the pyramid: the same numbers.
    - The target's query is the words ``L*``, pooled by attention. The background tokens are learnable queries that
      attend to ``L_m``, or (``use_prior=False``) are used as they are.
    - The background's score is the maximum over its tokens: a pixel is background if it is any kind of background.
    - Scores are divided by ``sqrt(D)``, as in attention, so that they start at the size of 1.
    - Without a background stream (``background_stream=False``, the rows "L_fg" of Table VII) the background's score
      is fixed at 0, so that the prediction is ``sigmoid`` of the target's score and the loss its binary
      cross-entropy, weighted as before. The paper's ``L_fg`` alone, ``-G_fg log O_fg``, says nothing about pixels
      outside the target: it is smallest where every pixel is target, with and without background tokens.

    Args:
        channels: Channels ``D`` of ``V*`` and all words.
        finest_channels: Channels ``C_1`` of ``V'_1``.
        background_stream: Whether there is a background stream. Without one, the next two arguments are not used.
        num_background_tokens: Number ``K`` of background tokens (Table VI: 3, 5 or 7).
        use_prior: Whether the background tokens attend to ``L_m``.
        num_heads: Attention heads.
        ffn_ratio: Width of the feed-forward layer of the background tokens relative to ``D``.
        reconstruction: Config of :class:`DMOLS`, a module that adds a loss in training; None for none.
        losses: See :class:`BaseMaskHead`; the logits are differences of the two scores.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If there is a background stream without tokens.
    """

    def __init__(
        self,
        channels: int,
        finest_channels: int,
        background_stream: bool = True,
        num_background_tokens: int = 5,
        use_prior: bool = True,
        num_heads: int = 8,
        ffn_ratio: float = 4.0,
        reconstruction: dict | None = None,
        losses: Sequence[dict | nn.Module] = TARGET_BACKGROUND,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(losses, init_cfg)
        self.finest_norm = nn.LayerNorm(finest_channels)
        self.finest_projection = nn.Linear(finest_channels, channels)
        self.target_query = WordAttentionPooling(channels, num_heads)
        self.background_tokens = None
        self.prior_block = None
        if background_stream:
            if num_background_tokens < 1:
                raise ValueError(
                    f'model.decode_head.num_background_tokens={num_background_tokens} must be 1 or more. For a '
                    'decoder without a background stream set model.decode_head.background_stream=False.'
                )
            self.background_tokens = nn.Parameter(torch.randn(num_background_tokens, channels))
            self.prior_block = CrossAttentionBlock(channels, num_heads, ffn_ratio) if use_prior else None
        self.reconstruction = None if reconstruction is None else MODELS.build(reconstruction)

    def forward(self, context: ContextFeatures) -> Tensor:
        """Decode the features of B samples.

        Args:
            context: What a context neck returns.

        Returns:
            Logits ``(B, 1, H_1, W_1)``: the target's score less the background's, so that 0 is where they are equal
            and the sigmoid is the target's share of the softmax.

        Raises:
            ValueError: If the background tokens need ``masked_words`` and there are none.
        """
        target_query = self.target_query(context.text.words, context.text.word_mask)  # (B, 1, D)
        if self.background_tokens is None:
            return self.match(target_query, context)
        queries = torch.cat((target_query, self.background_queries(context)), dim=1)  # (B, 1 + K, D)
        scores = self.match(queries, context)
        return scores[:, :1] - scores[:, 1:].amax(dim=1, keepdim=True)

    def background_queries(self, context: ContextFeatures) -> Tensor:
        """Return the background tokens of each sample, ``(B, K, D)``."""
        if self.background_tokens is None:
            raise ValueError('There is no background stream (model.decode_head.background_stream=False).')
        tokens = self.background_tokens.expand(len(context.text.words), -1, -1)
        if self.prior_block is None:
            return tokens
        if context.text.masked_words is None:
            raise ValueError(
                'The background tokens attend to the expression without its key phrase (`masked_words`), which the '
                'encoder did not give. Set model.encoder.encode_masked=True, or model.decode_head.use_prior=False.'
            )
        return self.prior_block(tokens, context.text.masked_words, context.text.masked_word_mask)

    def match(self, queries: Tensor, context: ContextFeatures) -> Tensor:
        """Scores of queries at every pixel, ``queries . V_pred / sqrt(D)``, without making ``V_pred``.

        Args:
            queries: ``(B, Q, D)``.
            context: Features with ``levels``, finest first, and ``finest``.

        Returns:
            ``(B, Q, H_1, W_1)``.
        """
        queries = queries * queries.shape[-1] ** -0.5
        *finer, coarsest = context.levels
        scores = torch.einsum('bqd,bdhw->bqhw', queries, coarsest)
        for level in reversed(finer):
            scores = self.upsample(scores, level) + torch.einsum('bqd,bdhw->bqhw', queries, level)
        # (B, C_1, H_1, W_1) -> (B, H_1, W_1, C_1) and back
        finest = self.finest_norm(context.finest.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        # q . (W v + b) = (W^T q) . v + q . b
        projection = self.finest_projection
        scores = self.upsample(scores, finest) + torch.einsum('bqc,bchw->bqhw', queries @ projection.weight, finest)
        return scores + (queries @ projection.bias)[..., None, None]

    @staticmethod
    def upsample(scores: Tensor, feature: Tensor) -> Tensor:
        """Bring scores bilinearly to the size of a map."""
        return F.interpolate(scores, feature.shape[-2:], mode='bilinear', align_corners=False)

    def loss(self, context: ContextFeatures, target: Tensor) -> dict[str, Tensor]:
        """Losses whose sum is ``L_total = L_ce + eta L_re`` (equation 14).

        Args:
            context: What a context neck returns.
            target: ``(B, 1, H, W)`` bool.

        Returns:
            One scalar per loss, weighted.
        """
        losses = super().loss(context, target)
        if self.reconstruction is not None:
            losses[self.reconstruction.loss_name] = self.reconstruction.loss(context)
        return losses


class WordAttentionPooling(BaseModule):
    """``LN(CrossAtt(q, words))`` with one learnable query ``q`` for all expressions.

    No residual connection: the result is made of the expression's own words alone.

    Args:
        channels: Channels ``D`` of the words.
        num_heads: Attention heads.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(self, channels: int, num_heads: int = 8, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.query = nn.Parameter(torch.randn(1, channels))
        self.cross_attention = CrossAttention(channels, num_heads)
        self.norm = nn.LayerNorm(channels)

    def forward(self, words: Tensor, word_mask: Tensor) -> Tensor:
        """Pool words ``(B, N, D)``, of which those in ``word_mask`` ``(B, N)`` are real, to ``(B, 1, D)``."""
        return self.norm(self.cross_attention(self.query.expand(len(words), -1, -1), words, word_mask))
