# Copyright (c) mmrrsis contributors.
"""Where each pixel of a map lies."""

import torch
from torch import Tensor


def coordinates(feature: Tensor) -> Tensor:
    """Position of each pixel of a map ``(B, C, H, W)``.

    Returns:
        ``(B, 2, H, W)``: x from -1 (left) to 1 (right), y from -1 (top) to 1 (bottom).
    """
    batch, _, height, width = feature.shape
    x = torch.linspace(-1, 1, width, device=feature.device, dtype=feature.dtype)
    y = torch.linspace(-1, 1, height, device=feature.device, dtype=feature.dtype)
    grid = torch.stack(torch.meshgrid(x, y, indexing='xy'))  # (2, H, W)
    return grid.expand(batch, -1, -1, -1)
