# Copyright (c) mmrrsis contributors.
"""Fitting Swin weights of any published format to a model."""

import re

from mmseg.models.backbones import SwinTransformer
from torch import Tensor
from torch.nn import functional as F

from mmrrsis.checkpoint import check_weights

#: Names of Swin's authors and those of mmsegmentation and mmpretrain; ``norm``, whose new name has the stage in it, is
#: treated apart.
ORIGINAL_NAMES = (
    (r'^patch_embed\.proj\.', 'patch_embed.projection.'),
    (r'^layers\.', 'stages.'),
    (r'\.attn\.', '.attn.w_msa.'),
    (r'\.mlp\.fc1\.', '.ffn.layers.0.0.'),
    (r'\.mlp\.fc2\.', '.ffn.layers.1.'),
)
#: The classifier, and buffers that follow from window and input size: the model has its own.
NOT_LOADED = re.compile(r'^head\.|attn_mask$|relative_position_index$')


def fit_swin_state_dict(state_dict: dict[str, Tensor], swin: SwinTransformer, source: str) -> dict[str, Tensor]:
    """Bring a state dict to the names and sizes of a model.

    Renames the keys of Swin's authors and reorders their patch merging, leaves the classifier out and resizes the
    position biases to the model's window. What follows from the window alone and the norms of the earlier stages,
    which a classifier does not have, are the model's own.

    Args:
        state_dict: Weights in the naming of Swin's authors or in that of mmsegmentation and mmpretrain.
        swin: The model.
        source: Where the weights come from, for error messages.

    Returns:
        A state dict that the model loads strictly.

    Raises:
        ValueError: If keys are missing, unexpected or of another shape; the message names them.
    """
    own = swin.state_dict()
    last_norm = f'norm{len(swin.stages) - 1}.'
    if 'patch_embed.proj.weight' in state_dict:
        state_dict = _rename_original(state_dict)
    state_dict = {re.sub(r'^norm\.', last_norm, k): v for k, v in state_dict.items() if not NOT_LOADED.search(k)}
    for key, value in state_dict.items():
        if key.endswith('relative_position_bias_table') and key in own:
            state_dict[key] = resize_bias_table(value, len(own[key]))
    for key, value in own.items():
        earlier_norm = re.match(r'norm\d+\.', key) and not key.startswith(last_norm)
        if earlier_norm or key.endswith('relative_position_index'):
            state_dict.setdefault(key, value)
    check_weights(
        state_dict,
        own,
        f'{source} does not fit model.encoder.image.arch.',
        "Choose the architecture that these weights were trained with. The naming of Swin's authors and that of "
        'mmsegmentation and mmpretrain are understood.',
    )
    return state_dict


def _rename_original(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """Translate the checkpoint of Swin's authors to mmsegmentation's names and order of channels."""
    renamed = {}
    for key, value in state_dict.items():
        for pattern, name in ORIGINAL_NAMES:
            key = re.sub(pattern, name, key)
        renamed[key] = merge_order(value) if '.downsample.' in key else value
    return renamed


def merge_order(weight: Tensor) -> Tensor:
    """Reorder the input channels of patch merging from the authors' order to that of ``nn.Unfold``.

    Swin's authors concatenate the four pixels of a patch, in the order upper left, lower left, upper right, lower
    right: channel ``pixel * C + c``. ``nn.Unfold``, which mmsegmentation and mmpretrain use, has the pixels
    inside, row by row: ``c * 4 + pixel``.

    Args:
        weight: ``(4 * C,)`` of the norm or ``(C_out, 4 * C)`` of the reduction.

    Returns:
        The same shape, reordered.
    """
    by_pixel = weight.unflatten(-1, (4, -1))[..., [0, 2, 1, 3], :]
    return by_pixel.transpose(-1, -2).flatten(-2)


def resize_bias_table(table: Tensor, length: int) -> Tensor:
    """Resize the relative position biases of one block to another window, bicubically.

    Args:
        table: ``((2 * w - 1) ** 2, heads)`` biases of a window of ``w`` pixels.
        length: Rows wanted, ``(2 * w' - 1) ** 2``.

    Returns:
        ``(length, heads)``; the table itself where it has that length already.
    """
    if len(table) == length:
        return table
    old, new = (round(rows**0.5) for rows in (len(table), length))
    maps = table.float().T.reshape(1, -1, old, old)
    return F.interpolate(maps, (new, new), mode='bicubic', align_corners=False)[0].flatten(1).T.contiguous()
