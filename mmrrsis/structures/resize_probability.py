# Copyright (c) mmrrsis contributors.
"""Bring a predicted probability map to the size of an image."""

from torch import Tensor
from torch.nn import functional as F


def resize_probability(probability: Tensor, shape: tuple[int, int]) -> Tensor:
    """Resize a probability map bilinearly, half-pixel centres kept (``align_corners=False``).

    The probability is resized, not the thresholded mask: thresholding afterwards gives outlines without the steps
    of the network's grid.

    Args:
        probability: ``(1, h, w)`` float in [0, 1].
        shape: Height and width ``(H, W)`` wanted, in pixels.

    Returns:
        ``(1, H, W)`` float32 in [0, 1].

    Raises:
        ValueError: If ``probability`` is not ``(1, h, w)`` or not floating point, or ``shape`` is not positive.
    """
    if probability.ndim != 3 or probability.shape[0] != 1:
        raise ValueError(f'`probability` must be (1, h, w) but is {tuple(probability.shape)}.')
    if not probability.is_floating_point():
        raise ValueError(
            f'`probability` must be floating point but is {probability.dtype}. Pass `pred_mask.probability`, not the '
            'thresholded `pred_mask.data`.'
        )
    height, width = (int(length) for length in shape)
    if height < 1 or width < 1:
        raise ValueError(f'`shape` must be a positive (height, width) but is {tuple(shape)}.')
    probability = probability.float()
    if probability.shape[-2:] == (height, width):
        return probability
    return F.interpolate(probability[None], size=(height, width), mode='bilinear', align_corners=False)[0]
