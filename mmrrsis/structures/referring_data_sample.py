# Copyright (c) mmrrsis contributors.
"""One sample of referring segmentation: text, ground truth, prediction."""

from __future__ import annotations

from mmengine.structures import BaseDataElement, PixelData
from torch import Tensor
from torch.nn import functional as F

from .referring_text import ReferringText


class ReferringDataSample(BaseDataElement):
    """Interface between data sets, models, metrics and visualizers.

    Fields:
        text (ReferringText): The tokenized expression.
        gt_mask (PixelData): ``data`` is ``(1, H, W)`` bool. In training at the network's input size, in testing at
            the size of the image on disk.
        pred_mask (PixelData): ``data`` is ``(1, H, W)`` bool, ``probability`` ``(1, H, W)`` float in [0, 1], both at
            the network's input size.

    Meta information: ``sample_id``, ``img_path``, ``ori_shape`` and ``img_shape`` (height, width), ``category`` and
    ``subset`` (str or None); of a prediction ``mask_threshold``, the probability above which a pixel is in the mask.
    """

    @property
    def text(self) -> ReferringText:
        """The tokenized expression."""
        return self._text

    @text.setter
    def text(self, value: ReferringText) -> None:
        self.set_field(value, '_text', dtype=ReferringText)

    @text.deleter
    def text(self) -> None:
        del self._text

    @property
    def gt_mask(self) -> PixelData:
        """The ground truth."""
        return self._gt_mask

    @gt_mask.setter
    def gt_mask(self, value: PixelData) -> None:
        self.set_field(value, '_gt_mask', dtype=PixelData)

    @gt_mask.deleter
    def gt_mask(self) -> None:
        del self._gt_mask

    @property
    def pred_mask(self) -> PixelData:
        """The prediction."""
        return self._pred_mask

    @pred_mask.setter
    def pred_mask(self, value: PixelData) -> None:
        self.set_field(value, '_pred_mask', dtype=PixelData)

    @pred_mask.deleter
    def pred_mask(self) -> None:
        del self._pred_mask

    def at_size(self, shape: tuple[int, int], threshold: float | None = None) -> ReferringDataSample:
        """Bring the prediction from the network's input size to another, such as that of the image.

        The probability is resized, bilinearly with half-pixel centres (``align_corners=False``), and thresholded
        afterwards: that gives outlines without the steps of the network's grid.

        Args:
            shape: Height and width ``(H, W)`` wanted, in pixels.
            threshold: A pixel is in the mask when its probability is above this, in [0, 1]. None takes the sample's
                ``mask_threshold``.

        Returns:
            A copy on the CPU and without gradients, with ``pred_mask.data`` ``(1, H, W)`` bool,
            ``pred_mask.probability`` ``(1, H, W)`` float32 and the ``mask_threshold`` that was used. The ground truth
            stays at its size.

        Raises:
            ValueError: If there is no prediction with a probability ``(1, h, w)``, there is no threshold, or ``shape``
                is not positive.
        """
        name = f'Sample {self.get("sample_id")!r}'
        if 'pred_mask' not in self or 'probability' not in self.pred_mask:
            raise ValueError(f'{name} has no `pred_mask.probability`. Use a segmentor that writes it.')
        if threshold is None:
            if 'mask_threshold' not in self:
                raise ValueError(
                    f'{name} has no `mask_threshold`. Use a segmentor that writes it, or give a threshold.'
                )
            threshold = self.mask_threshold
        sample = self.detach().cpu()
        sample.set_metainfo(dict(mask_threshold=threshold))
        probability = _resize(sample.pred_mask.probability, shape, name)
        sample.pred_mask = PixelData(data=probability > threshold, probability=probability)
        return sample


def _resize(probability: Tensor, shape: tuple[int, int], name: str) -> Tensor:
    """Resize a map of probabilities ``(1, h, w)``, in float32; ``name`` is that of its sample."""
    if probability.ndim != 3 or probability.shape[0] != 1:
        raise ValueError(f'{name}: `pred_mask.probability` must be (1, h, w) but is {tuple(probability.shape)}.')
    if not probability.is_floating_point():
        raise ValueError(
            f'{name}: `pred_mask.probability` must be floating point but is {probability.dtype}. The thresholded mask '
            'belongs into `pred_mask.data`.'
        )
    height, width = (int(length) for length in shape)
    if height < 1 or width < 1:
        raise ValueError(f'`shape` must be a positive (height, width) but is {tuple(shape)}.')
    probability = probability.float()
    if probability.shape[-2:] == (height, width):
        return probability
    return F.interpolate(probability[None], size=(height, width), mode='bilinear', align_corners=False)[0]
