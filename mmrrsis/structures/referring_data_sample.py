# Copyright (c) mmrrsis contributors.
"""One sample of referring segmentation: text, ground truth, prediction."""

from mmengine.structures import BaseDataElement, PixelData

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
    ``subset`` (str or None).
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
