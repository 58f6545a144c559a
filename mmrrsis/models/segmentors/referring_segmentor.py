# Copyright (c) mmrrsis contributors.
"""The model that every method of the toolbox is an instance of."""

import torch
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS
from mmrrsis.structures import (
    MultimodalFeatures,
    ReferringDataSample,
    ReferringTextBatch,
    TextFeatures,
    VisualFeatures,
)

from ..decode_heads.base_mask_head import BaseMaskHead
from ..encoders.referring_encoder import ReferringEncoder


@MODELS.register_module()
class ReferringSegmentor(BaseModel):
    """Encoder, neck and decode head: image and referring expression in, mask out.

    Args:
        encoder: Config of the encoder, or a :class:`~mmrrsis.models.encoders.ReferringEncoder`,
            ``(images, text) -> MultimodalFeatures``.
        neck: Config of the neck, or a module, ``MultimodalFeatures -> Tensor (B, C, h, w)`` or ``ContextFeatures``.
        decode_head: Config of the head, or a :class:`~mmrrsis.models.decode_heads.BaseMaskHead`: from what the neck
            returns to logits ``(B, 1, H', W')``, with a method ``loss``.
        mask_threshold: A pixel is foreground where its probability exceeds this. 0.35 is what the authors of CD2FSAN
            use in their demonstration.
        data_preprocessor: Config of the data preprocessor.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        encoder: dict | ReferringEncoder,
        neck: dict | nn.Module,
        decode_head: dict | BaseMaskHead,
        mask_threshold: float = 0.35,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.encoder: ReferringEncoder = encoder if not isinstance(encoder, dict) else MODELS.build(encoder)
        self.neck: nn.Module = neck if not isinstance(neck, dict) else MODELS.build(neck)
        self.decode_head: BaseMaskHead = (
            decode_head if not isinstance(decode_head, dict) else MODELS.build(decode_head)
        )
        self.mask_threshold = mask_threshold

    def forward(
        self, inputs: Tensor, data_samples: list[ReferringDataSample], mode: str = 'tensor'
    ) -> Tensor | dict[str, Tensor] | list[ReferringDataSample]:
        """Run the model in one of MMEngine's modes.

        Args:
            inputs: Images ``(B, 3, H, W)``, normalised.
            data_samples: B samples with their text; with ``gt_mask`` in mode ``loss``.
            mode: ``loss``, ``predict`` or ``tensor``.

        Returns:
            A dictionary of losses; or the samples with ``pred_mask``; or logits ``(B, 1, H', W')``.

        Raises:
            ValueError: If ``mode`` is none of the three.
        """
        if mode not in ('loss', 'predict', 'tensor'):
            raise ValueError(f"mode={mode!r} is none of 'loss', 'predict', 'tensor'.")
        text = ReferringTextBatch.stack([sample.text for sample in data_samples])
        fused = self.neck(self.encoder(inputs, text))
        if mode == 'loss':
            return self.decode_head.loss(fused, torch.stack([sample.gt_mask.data for sample in data_samples]))
        logits = self.decode_head(fused)
        if mode == 'tensor':
            return logits
        height, width = inputs.shape[-2:]
        return self.postprocess(logits, (height, width), data_samples)

    @property
    def encodes_image_alone(self) -> bool:
        """Whether image features can be kept for several expressions, see :meth:`encode_image`."""
        return self.encoder.encodes_image_alone

    def encode_image(self, images: Tensor) -> VisualFeatures:
        """Encode images ``(B, 3, H, W)`` once, for any number of expressions.

        Raises:
            TypeError: If the encoder needs the expression to encode the image.
        """
        return self.encoder.encode_image(images)

    def encode_text(self, text: ReferringTextBatch) -> TextFeatures:
        """Encode a batch of expressions."""
        return self.encoder.encode_text(text)

    def decode(self, visual: VisualFeatures, text: TextFeatures) -> Tensor:
        """Decode features of B images and B expressions to logits ``(B, 1, H', W')``."""
        return self.decode_head(self.neck(MultimodalFeatures(visual=visual, text=text)))

    def postprocess(
        self, logits: Tensor, size: tuple[int, int], data_samples: list[ReferringDataSample]
    ) -> list[ReferringDataSample]:
        """Write predictions at the network's input size into the samples.

        Args:
            logits: ``(B, 1, H', W')``.
            size: Height and width of the network's input.
            data_samples: B samples.

        Returns:
            The same samples with ``pred_mask`` and the meta information ``mask_threshold``.
        """
        probabilities = F.interpolate(logits.float(), size, mode='bilinear', align_corners=False).sigmoid()
        for probability, sample in zip(probabilities, data_samples, strict=True):
            sample.pred_mask = PixelData(data=probability > self.mask_threshold, probability=probability)
            sample.set_metainfo(dict(mask_threshold=self.mask_threshold))
        return data_samples
