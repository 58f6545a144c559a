# Copyright (c) mmrrsis contributors.
"""Weights of a model: take them from files, compare them, keep only the rows of embeddings that were trained.

Word embeddings can be packed. CLIP's vocabulary has 49,408 tokens; a small model that was trained on a few hundred of
them would need a file many times larger than what it learned. Such a file holds ``X.rows`` ``(R, D)`` and
``X.row_ids`` ``(R,)`` in place of ``X.weight`` ``(V, D)``; the other rows are zero vectors.
"""

import logging
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from torch import Tensor, nn

from mmrrsis.checkpoint_file import read_checkpoint_file

#: How many keys of each kind an error lists.
MAX_LISTED = 8


class CheckpointMismatchError(ValueError):
    """The parameters of a checkpoint are not those of the model."""


def check_finite(model: nn.Module, state_dict: Mapping[str, Tensor], source: str | Path) -> None:
    """Check that every parameter of a model is finite; buffers may hold infinity, as masks of attention do.

    Args:
        model: The model, not wrapped.
        state_dict: Its parameters and buffers.
        source: Where they come from, for the error.

    Raises:
        ValueError: Names the parameters with NaN or infinity.
    """
    names = {name for name, _ in model.named_parameters()}
    broken = [
        key
        for key, value in state_dict.items()
        if value.is_floating_point() and (not value.isfinite().all() if key in names else value.isnan().any())
    ]
    if broken:
        listed = list_differences({'not finite': broken})
        raise ValueError(
            f'The checkpoint {source} has parameters with NaN or infinity: every mask would be empty.{listed}\n'
            'The training had diverged, or the file is damaged. Take an earlier checkpoint.'
        )


def read_state_dict(path: str | Path) -> dict[str, Tensor]:
    """Read the model parameters of a checkpoint.

    Reads what MMEngine's runner saves (the parameters are under ``state_dict``), a bare state dict, and
    ``.safetensors``. Nothing but tensors, plain containers and MMEngine's own log buffers is unpickled.

    Args:
        path: A checkpoint file.

    Returns:
        Parameters and buffers on the CPU, without the ``module.`` of a data-parallel wrapper and the ``_orig_mod.``
        of `torch.compile`.

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
    return {key.replace('_orig_mod.', '').removeprefix('module.'): value for key, value in state_dict.items()}


def list_differences(differences: Mapping[str, Iterable[str]]) -> str:
    """List how weights differ from a model, at most ``MAX_LISTED`` entries of each kind.

    Args:
        differences: Kinds of differences, such as ``missing``, with an entry for each key.

    Returns:
        Indented lines, each kind with the number of its entries; an empty string if there is no entry.
    """
    text = ''
    for kind, entries in differences.items():
        entries = list(entries)
        if entries:
            text += f'\n  {kind} ({len(entries)}):' + ''.join(f'\n    {entry}' for entry in entries[:MAX_LISTED])
            if len(entries) > MAX_LISTED:
                text += f'\n    ... and {len(entries) - MAX_LISTED} more'
    return text


def check_weights(weights: Mapping[str, Tensor], own: Mapping[str, Tensor], claim: str, remedy: str) -> None:
    """Check that weights have exactly the keys and shapes of a model.

    Args:
        weights: The weights.
        own: The model's state dict.
        claim: First sentence of the error: what does not fit what.
        remedy: Last sentence of the error: what to do.

    Raises:
        CheckpointMismatchError: Names missing, unexpected and differently shaped keys.
    """
    differences = {
        'missing in the checkpoint': [key for key in own if key not in weights],
        'unexpected in the checkpoint': [key for key in weights if key not in own],
        'other shape': [
            f'{key}: checkpoint {tuple(weights[key].shape)}, model {tuple(value.shape)}'
            for key, value in own.items()
            if key in weights and weights[key].shape != value.shape
        ],
    }
    listed = list_differences(differences)
    if listed:
        raise CheckpointMismatchError(f'{claim}{listed}\n{remedy}')


def check_state_dict(model: nn.Module, state_dict: Mapping[str, Tensor], source: str | Path) -> None:
    """Check that a state dict holds exactly the parameters and buffers of a model.

    Args:
        model: The model, not wrapped.
        state_dict: The parameters.
        source: Where they come from, for the error.

    Raises:
        CheckpointMismatchError: Names missing, unexpected and differently shaped keys.
    """
    check_weights(
        state_dict,
        model.state_dict(),
        f'The checkpoint {source} does not fit the model {type(model).__name__} of the config.',
        'Use the config the checkpoint was trained with.',
    )


def unwrap_model(model: nn.Module) -> nn.Module:
    """Return the model inside MMEngine's wrapper for several processes, or the model itself."""
    if not is_model_wrapper(model):
        return model
    inner = model.module
    if not isinstance(inner, nn.Module):
        raise TypeError(f'{type(model).__name__}.module is no model but {type(inner).__name__}.')
    return inner


def load_checkpoint(model: nn.Module, path: str | Path) -> None:
    """Load a checkpoint into a model; every key must fit.

    Args:
        model: The model; a data-parallel wrapper is unwrapped.
        path: A checkpoint file, see :func:`read_state_dict`; embeddings may be packed, see
            :func:`unpack_embeddings`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no checkpoint.
        CheckpointMismatchError: If a key is missing, unexpected or of another shape.
        ValueError: If a parameter is not finite.
    """
    model = unwrap_model(model)
    vocabulary_sizes = {
        key.removesuffix('.weight'): len(value) for key, value in model.state_dict().items() if key.endswith('.weight')
    }
    state_dict = unpack_embeddings(read_state_dict(path), vocabulary_sizes)
    check_state_dict(model, state_dict, path)
    check_finite(model, state_dict, path)
    model.load_state_dict(state_dict, strict=True)


def pack_embedding(state_dict: Mapping[str, Tensor], name: str, row_ids: Tensor) -> dict[str, Tensor]:
    """Keep only some rows of an embedding.

    Args:
        state_dict: Parameters with ``{name}.weight`` ``(V, D)``.
        name: The embedding.
        row_ids: ``(R,)`` int64, the rows to keep.

    Returns:
        The parameters with ``{name}.rows`` ``(R, D)`` and ``{name}.row_ids`` ``(R,)`` instead.
    """
    packed = dict(state_dict)
    weight = packed.pop(f'{name}.weight')
    return {**packed, f'{name}.rows': weight[row_ids].clone(), f'{name}.row_ids': row_ids}


def unpack_embeddings(state_dict: Mapping[str, Tensor], vocabulary_sizes: Mapping[str, int]) -> dict[str, Tensor]:
    """Undo :func:`pack_embedding`; rows that a file does not hold become zero vectors.

    Args:
        state_dict: Parameters, packed or not.
        vocabulary_sizes: Names of embeddings that may be packed, and their numbers of rows ``V``.

    Returns:
        The parameters without packed embeddings. Rows of a name that is not in ``vocabulary_sizes`` stay, for the
        check of the keys to name.
    """
    unpacked = dict(state_dict)
    for name, size in vocabulary_sizes.items():
        if f'{name}.rows' in unpacked and f'{name}.row_ids' in unpacked:
            rows, row_ids = unpacked.pop(f'{name}.rows'), unpacked.pop(f'{name}.row_ids')
            unpacked[f'{name}.weight'] = rows.new_zeros(size, rows.shape[1]).index_copy(0, row_ids, rows)
    return unpacked


def warn_random_weights(owner: str, key: str, expected: str) -> None:
    """Say loudly that a tower starts from random weights.

    Args:
        owner: Class of the tower.
        key: Config key of its weights.
        expected: What published scores start from.
    """
    message = (
        f'{owner} starts from RANDOM weights ({key}=None). Published scores build on {expected}: expect far '
        'lower ones.'
    )
    warnings.warn(message, stacklevel=3)
    print_log(message, logger='current', level=logging.WARNING)
