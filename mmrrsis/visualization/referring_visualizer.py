# Copyright (c) mmrrsis contributors.
"""Draw data samples for logs and folders."""

from pathlib import Path

import mmcv
import numpy as np
from mmengine.visualization import Visualizer

from mmrrsis.registry import VISUALIZERS
from mmrrsis.structures import ReferringDataSample

from .mask_overlay import GT_COLOR, PRED_COLOR, draw_mask, draw_text_band

_GAP = 4  # white pixels between two panels


@VISUALIZERS.register_module()
class ReferringVisualizer(Visualizer):
    """Draw the expression above ground truth and prediction, side by side at the size of the image.

    Takes the arguments of :class:`mmengine.visualization.Visualizer`.
    """

    def draw_datasample(
        self, image: np.ndarray, data_sample: ReferringDataSample, draw_gt: bool = True, draw_pred: bool = True
    ) -> np.ndarray:
        """Draw one sample.

        Args:
            image: ``(H, W, 3)`` uint8 RGB, the image on disk.
            data_sample: Its sample; the text is always drawn.
            draw_gt: Draw the ground truth if the sample has one.
            draw_pred: Draw the prediction if the sample has one.

        Returns:
            ``(H + band, k * W + gaps, 3)`` uint8 RGB; the image alone if there is nothing to draw on it.

        Raises:
            ValueError: If the ground truth does not have the size of the image.
        """
        panels = []
        if draw_gt and 'gt_mask' in data_sample:
            mask = data_sample.gt_mask.data[0].cpu().numpy().astype(bool)
            if mask.shape != image.shape[:2]:
                raise ValueError(
                    f'Sample {data_sample.get("sample_id")}: the ground truth is {mask.shape} but the image '
                    f'{image.shape[:2]}. Samples of a test pipeline keep the mask at the size of the image.'
                )
            panels.append(draw_mask(image, mask, GT_COLOR))
        if draw_pred and 'pred_mask' in data_sample:
            mask = data_sample.at_size(image.shape[:2]).pred_mask.data[0].numpy()
            panels.append(draw_mask(image, mask, PRED_COLOR))
        gap = np.full((image.shape[0], _GAP, 3), 255, dtype=np.uint8)
        strip = [panel for pair in ((gap, panel) for panel in panels or [image]) for panel in pair][1:]
        drawn = np.concatenate(strip, axis=1)
        band = draw_text_band(data_sample.text.raw, drawn.shape[1], font_px=max(12, image.shape[0] // 36))
        return np.concatenate([band, drawn], axis=0)

    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: ReferringDataSample,
        draw_gt: bool = True,
        draw_pred: bool = True,
        out_file: str | Path | None = None,
        step: int = 0,
    ) -> None:
        """Draw one sample and save it.

        Args:
            name: Name of the picture in the visualization backends.
            image: ``(H, W, 3)`` uint8 RGB, the image on disk.
            data_sample: Its sample.
            draw_gt: Draw the ground truth if the sample has one.
            draw_pred: Draw the prediction if the sample has one.
            out_file: Write the picture here; None hands it to the visualization backends (of the main process).
            step: Step for the visualization backends.
        """
        drawn = self.draw_datasample(image, data_sample, draw_gt, draw_pred)
        if out_file is None:
            self.add_image(name, drawn, step)
        else:
            mmcv.imwrite(drawn[..., ::-1], str(out_file))
