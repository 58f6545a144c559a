# Copyright (c) mmrrsis contributors.
"""Reading Swin weights from any published format."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlparse

import torch
from mmseg.models.backbones import SwinTransformer
from torch import Tensor
from torch.nn import functional as F

from mmrrsis.checkpoint import check_weights, read_checkpoint_file
from mmrrsis.package_files import resolve_package_file

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


def resolve_swin_weights(pretrained: str) -> Path:
    """Find the file behind a path or an address, downloading it if need be.

    Args:
        pretrained: Path of a file, ``package:NAME`` for a file in ``mmrrsis/weights``, or an http(s) address. What is
            downloaded is kept where :mod:`torch.hub` keeps its checkpoints.

    Returns:
        The path of the file.

    Raises:
        FileNotFoundError: If there is no such file, or if the download fails.
    """
    if not pretrained.startswith(('http://', 'https://')):
        path = resolve_package_file(pretrained)
        if path.is_file():
            return path
        raise FileNotFoundError(
            f'model.encoder.image.pretrained={pretrained!r} is neither a file nor an http(s) address. Give the path '
            'of a Swin checkpoint, its address, or None for random initialisation.'
        )
    path = Path(torch.hub.get_dir(), 'checkpoints', Path(urlparse(pretrained).path).name)
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(pretrained, str(path))
    except OSError as error:
        raise FileNotFoundError(
            f'The Swin weights {pretrained} could not be downloaded ({error}). On a machine without internet, '
            'download them elsewhere and give their path: --cfg-options '
            'model.encoder.image.pretrained=/path/to/weights. To start from random weights on purpose: --cfg-options '
            'model.encoder.image.pretrained=None.'
        ) from error
    return path


def read_swin_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the weights of a Swin Transformer, whatever they are wrapped in.

    Reads safetensors and PyTorch files: a bare state dict, or one under ``model`` (Swin's authors) or ``state_dict``
    (mmpretrain, mmsegmentation). Where keys begin with ``backbone.``, only those are kept, without the prefix.

    Args:
        path: The file.

    Returns:
        The state dict as the file names it.

    Raises:
        ValueError: If the file holds no state dict, or objects that are not safe to load.
    """
    content = read_checkpoint_file(path)
    for wrapping in ('model', 'state_dict'):
        if isinstance(content, Mapping) and isinstance(content.get(wrapping), Mapping):
            content = content[wrapping]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise ValueError(
            f'{path} holds no state dict: expected a mapping of names to tensors, or one under `model` or '
            '`state_dict`.'
        )
    prefix = 'backbone.'
    if any(key.startswith(prefix) for key in content):
        return {key.removeprefix(prefix): value for key, value in content.items() if key.startswith(prefix)}
    return dict(content)


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
