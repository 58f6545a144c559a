# Copyright (c) mmrrsis contributors.
"""An encoder whose towers exchange information at every stage."""

from collections.abc import Sequence
from itertools import accumulate

import torch
from mmengine.model import ModuleDict
from torch import Tensor

from mmrrsis.models.fusions.fused_stage import FusedStage
from mmrrsis.registry import MODELS
from mmrrsis.structures import MultimodalFeatures, ReferringTextBatch, TextFeatures, VisualFeatures

from .build_image_tower import build_image_tower
from .referring_encoder import ReferringEncoder


@MODELS.register_module()
class StagewiseEncoder(ReferringEncoder):
    """Runs image and text tower side by side and fuses them after every stage.

    For each stage ``i``: stage ``i`` of the image tower, group ``i`` of the text tower's layers, fusion ``i``; its
    results are the inputs of the next stage and of the next group (BTDNet, section III-C, equation 1). A method that
    encodes the whole expression before the first fusion puts all layers into the first group, ``text_groups=(12, 0,
    0, 0)``: then every fusion sees finished words (LAVT, RMSIN, LGCE).

    A fusion is a registered module ``fusion(visual (B, C_i, H_i, W_i), words (B, N, D), word_mask (B, N))``. It
    returns the pair ``(visual, words)``, residuals included, or a
    :class:`~mmrrsis.models.fusions.fused_stage.FusedStage`, whose third field is what the decoder reads instead of
    ``visual``. The encoder fills in its first two arguments, ``visual_channels`` and ``word_channels``.

    Norms: a fusion reads, and the next stage receives, the map as it leaves the stage. The norm of the stage is
    applied to what the decoder reads, after the fusion. It is so in LAVT; the BTDNet paper does not say.

    The masked expression and the reference run through the same text tower, alone. In training the tower's dropout
    is active for the reference as well: as noise on a target of a squared error it does not bias the gradient.

    Parameters are named ``image.*``, ``text.*`` and ``fusions.*``, so that ``custom_keys={'encoder.image':
    dict(lr_mult=0.1), 'encoder.text': dict(lr_mult=0.1)}`` slows the pretrained towers and not the fusions.

    Args:
        image: Config of the image tower: of an :class:`.ImageTower` such as ``SwinStages`` or ``TIMMStages``, or of a
            backbone of mmpretrain such as ``mmpretrain.ConvNeXt``.
        text: Config of the text tower, for example :class:`BERTStages`.
        fusions: For each stage the config of a fusion, or None for a stage without.
        text_groups: For each stage the number of layers of the text tower; together all of them.
        encode_masked: Encode the expression without its key phrase too, as ``masked_words``.
        encode_reference: In training, encode the whole expression without the image too, as ``reference_words``.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If ``fusions`` or ``text_groups`` do not fit the towers.
    """

    def __init__(
        self,
        image: dict,
        text: dict,
        fusions: Sequence[dict | None],
        text_groups: Sequence[int] = (3, 3, 3, 3),
        encode_masked: bool = False,
        encode_reference: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.image = build_image_tower(image)
        self.text = MODELS.build(text)
        channels = self.image.channels
        self._check_stages(len(channels), self.text.num_layers, fusions, text_groups)
        self.text_bounds = (0, *accumulate(text_groups))
        self.encode_masked = encode_masked
        self.encode_reference = encode_reference
        self.fusions = ModuleDict(
            {
                str(stage): MODELS.build(
                    dict(visual_channels=channels[stage], word_channels=self.text.channels, **fusion)
                )
                for stage, fusion in enumerate(fusions)
                if fusion is not None
            }
        )

    @staticmethod
    def _check_stages(
        num_stages: int, num_layers: int, fusions: Sequence[dict | None], text_groups: Sequence[int]
    ) -> None:
        for name, values in (('fusions', fusions), ('text_groups', text_groups)):
            if len(values) != num_stages:
                raise ValueError(
                    f'model.encoder.{name} has {len(values)} entries but the image tower has {num_stages} stages. '
                    'Give one for each.'
                )
        if min(text_groups) < 0 or sum(text_groups) != num_layers:
            raise ValueError(
                f'model.encoder.text_groups={tuple(text_groups)} must share out the {num_layers} layers of the text '
                'tower among the stages: no negative number, and their sum the number of layers.'
            )

    def forward(self, images: Tensor, text: ReferringTextBatch) -> MultimodalFeatures:
        """Encode B images and the B expressions that belong to them.

        Args:
            images: ``(B, 3, H, W)``, normalised as the weights of the image tower need it.
            text: A batch of expressions, tensors ``(B, N)``; with ``masked_token_ids`` where the encoder has
                ``encode_masked``.

        Returns:
            One map ``(B, C_i, H_i, W_i)`` per stage, normalised, and the words ``(B, N, D)`` after the last fusion;
            with ``encode_masked`` the ``masked_words``, and with ``encode_reference``, in training mode only, the
            ``reference_words``, without gradient.

        Raises:
            ValueError: If the masked expression is needed and missing.
        """
        layers = []
        visual, words = self.image.embed(images), self.text.embed(text.token_ids)
        for stage, (start, stop) in enumerate(zip(self.text_bounds, self.text_bounds[1:], strict=False)):
            visual = self.image.run_stage(stage, visual)
            words = self.text.run_layers(words, text.token_mask, start, stop)
            output = None
            if str(stage) in self.fusions:
                fused = self.fusions[str(stage)](visual, words, text.token_mask)
                visual, words, output = FusedStage(*fused)
            layers.append(self.image.normalize(stage, visual if output is None else output))
        features = TextFeatures(words=words, word_mask=text.token_mask)
        if self.encode_masked:
            features.masked_words = self._encode_masked(text)
            features.masked_word_mask = text.masked_token_mask
        if self.encode_reference and self.training:
            with torch.no_grad():
                features.reference_words = self.text(text.token_ids, text.token_mask)
        return MultimodalFeatures(visual=VisualFeatures(layers=tuple(layers)), text=features)

    def _encode_masked(self, text: ReferringTextBatch) -> Tensor:
        if text.masked_token_ids is None or text.masked_token_mask is None:
            raise ValueError(
                'model.encoder.encode_masked=True needs the expression without its key phrase, but the text has no '
                '`masked_token_ids`. Mask the key phrase in the pipelines of the config.'
            )
        return self.text(text.masked_token_ids, text.masked_token_mask)
