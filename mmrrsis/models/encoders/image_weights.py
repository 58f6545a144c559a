# Copyright (c) mmrrsis contributors.
"""Finding and reading the weights of image backbones."""

from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from torch import Tensor

from mmrrsis.checkpoint_file import read_checkpoint_file
from mmrrsis.downloads import is_reachable
from mmrrsis.package_files import resolve_package_file


def resolve_image_weights(pretrained: str, key: str) -> Path:
    """Find the file behind a path or an address, downloading it if need be.

    Args:
        pretrained: Path of a file, ``package:NAME`` for a file in ``mmrrsis/weights``, or an http(s) address. What is
            downloaded is kept where :mod:`torch.hub` keeps its checkpoints.
        key: Config key that it comes from, for error messages.

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
            f'{key}={pretrained!r} is neither a file nor an http(s) address. Give the path of a checkpoint of this '
            'architecture, its address, or None for random initialisation.'
        )
    path = Path(torch.hub.get_dir(), 'checkpoints', Path(urlparse(pretrained).path).name)
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not is_reachable(pretrained):
            raise URLError('the server does not answer')
        torch.hub.download_url_to_file(pretrained, str(path))
    except OSError as error:
        raise FileNotFoundError(
            f'The weights {pretrained} could not be downloaded ({error}). On a machine without internet, download '
            f'them elsewhere and give their path: --cfg-options {key}=/path/to/weights. To start from random weights '
            f'on purpose: --cfg-options {key}=None.'
        ) from error
    return path


def read_image_weights(path: Path, prefix: str = 'backbone.') -> dict[str, Tensor]:
    """Read the weights of an image backbone, whatever they are wrapped in.

    Reads safetensors and PyTorch files: a bare state dict, or one under ``model`` (Swin's authors) or ``state_dict``
    (mmpretrain, mmsegmentation). Where keys begin with ``prefix``, only those are kept, without it.

    Args:
        path: The file.
        prefix: What stands before the names of the backbone in the file of a whole model.

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
    if any(key.startswith(prefix) for key in content):
        return {key.removeprefix(prefix): value for key, value in content.items() if key.startswith(prefix)}
    return dict(content)
