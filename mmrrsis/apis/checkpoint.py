# Copyright (c) mmrrsis contributors.
"""Read checkpoints and refuse those that do not fit the model."""

from collections.abc import Mapping
from pathlib import Path

from mmengine.model import is_model_wrapper
from torch import Tensor, nn

from mmrrsis.checkpoint_file import read_checkpoint_file
from mmrrsis.packed_embeddings import unpack_embeddings

#: How many keys of each kind an error lists.
MAX_LISTED = 8


class CheckpointMismatchError(ValueError):
    """The parameters of a checkpoint are not those of the model."""


def read_state_dict(path: str | Path) -> dict[str, Tensor]:
    """Read the model parameters of a checkpoint.

    Reads what MMEngine's runner saves (the parameters are under ``state_dict``), a bare state dict, and
    ``.safetensors``. Nothing but tensors, plain containers and MMEngine's own log buffers is unpickled.

    Args:
        path: A checkpoint file.

    Returns:
        Parameters and buffers on the CPU, without the ``module.`` prefix of a data-parallel wrapper.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no checkpoint, or holds objects that are not safe to load.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'There is no checkpoint {path}.')
    content = read_checkpoint_file(path)
    state_dict = content.get('state_dict', content) if isinstance(content, Mapping) else content
    if not isinstance(state_dict, Mapping) or not all(isinstance(value, Tensor) for value in state_dict.values()):
        raise ValueError(
            f'{path} holds no state dict: expected a mapping of parameter names to tensors, or such a mapping under '
            '`state_dict`.'
        )
    return {key.removeprefix('module.'): value for key, value in state_dict.items()}


def _listing(title: str, entries: list[str]) -> str:
    """Write at most ``MAX_LISTED`` entries, one a line."""
    shown = ''.join(f'\n    {entry}' for entry in entries[:MAX_LISTED])
    more = f'\n    ... and {len(entries) - MAX_LISTED} more' if len(entries) > MAX_LISTED else ''
    return f'\n  {title} ({len(entries)}):{shown}{more}'


def check_state_dict(model: nn.Module, state_dict: Mapping[str, Tensor], source: str | Path) -> None:
    """Check that a state dict holds exactly the parameters and buffers of a model.

    Args:
        model: The model, not wrapped.
        state_dict: The parameters.
        source: Where they come from, for the error.

    Raises:
        CheckpointMismatchError: Names missing, unexpected and differently shaped keys.
    """
    own = model.state_dict()
    missing = [key for key in own if key not in state_dict]
    unexpected = [key for key in state_dict if key not in own]
    shapes = [
        f'{key}: checkpoint {tuple(state_dict[key].shape)}, model {tuple(value.shape)}'
        for key, value in own.items()
        if key in state_dict and state_dict[key].shape != value.shape
    ]
    if missing or unexpected or shapes:
        message = f'The checkpoint {source} does not fit the model {type(model).__name__} of the config.'
        if missing:
            message += _listing('missing in the checkpoint', missing)
        if unexpected:
            message += _listing('unexpected in the checkpoint', unexpected)
        if shapes:
            message += _listing('other shape', shapes)
        raise CheckpointMismatchError(message + '\nUse the config the checkpoint was trained with.')


def load_checkpoint(model: nn.Module, path: str | Path) -> None:
    """Load a checkpoint into a model; every key must fit.

    Args:
        model: The model; a data-parallel wrapper is looked through.
        path: A checkpoint file, see :func:`read_state_dict`; embeddings may be packed, see
            :mod:`mmrrsis.packed_embeddings`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no checkpoint.
        CheckpointMismatchError: If a key is missing, unexpected or of another shape.
    """
    if is_model_wrapper(model):
        model = model.module
    vocabulary_sizes = {
        key.removesuffix('.weight'): len(value) for key, value in model.state_dict().items() if key.endswith('.weight')
    }
    state_dict = unpack_embeddings(read_state_dict(path), vocabulary_sizes)
    check_state_dict(model, state_dict, path)
    model.load_state_dict(state_dict, strict=True)
