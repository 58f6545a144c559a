# Copyright (c) mmrrsis contributors.
"""Reading CLIP weights from any published format."""

import zipfile
from pathlib import Path

import open_clip
import torch
from open_clip.factory import load_state_dict as load_open_clip_state_dict
from torch import Tensor

from mmrrsis.downloads import hub_access
from mmrrsis.package_files import resolve_package_file


def resolve_clip_weights(arch: str | dict, pretrained: str) -> tuple[Path, bool]:
    """Find the file behind a path or an open_clip tag, downloading it if need be.

    Args:
        arch: Name of an open_clip architecture or a dictionary that describes one.
        pretrained: Path of a file, ``package:NAME`` for a file in ``mmrrsis/weights``, or a tag that open_clip knows
            for ``arch``, for example ``openai``.

    Returns:
        The path of the file, and whether these weights were trained with QuickGELU as far as that is known.

    Raises:
        FileNotFoundError: If ``pretrained`` is neither a file nor a tag, or if the download fails.
    """
    path = resolve_package_file(pretrained)
    if path.is_file():
        return path, is_torchscript(path)
    tags = open_clip.list_pretrained_tags_by_model(arch) if isinstance(arch, str) else []
    if pretrained not in tags:
        raise FileNotFoundError(
            f'model.encoder.pretrained={pretrained!r} is neither a file nor a tag that open_clip knows for '
            f'{arch if isinstance(arch, str) else "this custom architecture"} (tags: {", ".join(tags) or "none"}). '
            'Give the path of a checkpoint, one of the tags, or None for random initialisation.'
        )
    tag_cfg = open_clip.get_pretrained_cfg(arch, pretrained)
    try:
        with hub_access():
            downloaded = open_clip.download_pretrained(tag_cfg)
    except (OSError, RuntimeError) as error:
        raise FileNotFoundError(
            f'The CLIP weights {pretrained!r} of {arch} could not be downloaded ({error}). On a machine without '
            'internet, download them elsewhere and give their path: '
            '--cfg-options model.encoder.pretrained=/path/to/weights. To start from random weights on purpose: '
            '--cfg-options model.encoder.pretrained=None.'
        ) from error
    return Path(downloaded), bool(tag_cfg.get('quick_gelu', False))


def is_torchscript(path: Path) -> bool:
    """Tell whether a file is a TorchScript archive, the form in which OpenAI published CLIP."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any('/code/' in name for name in archive.namelist())


def read_clip_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the weights of a CLIP model in open_clip's (and OpenAI's) naming.

    Reads safetensors, PyTorch files (a bare state dict as RemoteCLIP's, or one under ``state_dict``, with or
    without the ``module.`` prefix) and OpenAI's TorchScript archives.

    Args:
        path: The file.

    Returns:
        The state dict in float32. A token embedding that the file holds by rows (see :mod:`mmrrsis.checkpoint`)
        is left so: to unpack it takes the size of the vocabulary.
    """
    if is_torchscript(path):
        state_dict = torch.jit.load(path, map_location='cpu').state_dict()
        for key in ('input_resolution', 'context_length', 'vocab_size', 'attn_mask'):
            state_dict.pop(key, None)
    else:
        state_dict = load_open_clip_state_dict(str(path))
    return {key: value.float() if value.is_floating_point() else value for key, value in state_dict.items()}
