# Copyright (c) mmrrsis contributors.
"""Checkpoints on disk: written whole or not at all, verified when they are read, and never run as code.

Importing this module makes it MMEngine's reader as well: ``load_from``, ``resume`` and ``init_cfg`` of any config go
through :func:`read_checkpoint_file`. MMEngine's own falls back to unpickling objects, which runs whatever code a file
holds.
"""

import hashlib
import os
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import get_torch_safe_globals
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

#: A file that ends so was not written to its end.
PARTIAL_SUFFIX = '.partial'
#: Key of a safetensors file's metadata: :func:`tensor_digest` of its tensors.
DIGEST_KEY = 'sha256'


class DamagedCheckpointError(ValueError):
    """A checkpoint is not what was written."""


def _log_statistic(owner: Any, name: str) -> Any:
    """Stand in for ``getattr`` in checkpoints: MMEngine's log buffers refer by it to their own four statistics.

    The real one, which MMEngine allows, reaches any function of the process.
    """
    if owner is HistoryBuffer and name in ('min', 'max', 'current', 'mean'):
        return getattr(HistoryBuffer, name)
    raise pickle.UnpicklingError(f'getattr of {name!r} is not allowed')


# PyTorch's list of what a checkpoint may refer to goes by these names.
_log_statistic.__module__, _log_statistic.__qualname__, _log_statistic.__name__ = 'builtins', 'getattr', 'getattr'
# NumPy's arrays and MMEngine's log buffers, in what MMEngine's runner saves.
_SAFE_GLOBALS = [_log_statistic if allowed is getattr else allowed for allowed in get_torch_safe_globals()]


def read_checkpoint_file(path: Path, map_location: Any = 'cpu') -> Any:
    """Load a safetensors file or a PyTorch checkpoint, tensors and plain containers only.

    Checksums are verified: those of a ``.pth`` are in the archive that PyTorch writes since version 1.6, one of
    every tensor (CRC-32); that of a ``.safetensors`` is in its metadata if :func:`save_tensors` wrote it (SHA-256).

    Args:
        path: The file.
        map_location: Where the tensors of a PyTorch checkpoint go, see :func:`torch.load`.

    Raises:
        ValueError: If the file is damaged, is something else under the name of a checkpoint, or holds objects that
            are not safe to load.
    """
    _check_no_stand_in(path)
    try:
        if path.suffix == '.safetensors':
            return _read_safetensors(path)
        _verify_archive(path)
        with torch.serialization.safe_globals(_SAFE_GLOBALS):
            return torch.load(path, map_location=map_location, weights_only=True)
    except DamagedCheckpointError:
        raise
    except Exception as error:  # whatever a damaged or foreign file provokes, from KeyError to RuntimeError
        raise ValueError(
            f'{path} cannot be read as a checkpoint: {type(error).__name__}: {error}. Only files with tensors and '
            'plain containers are loaded; save the parameters alone with `torch.save(model.state_dict(), ...)`.'
        ) from error


def _check_no_stand_in(path: Path) -> None:
    """Name what downloads and clones leave in the place of a checkpoint.

    Raises:
        ValueError: If the file is a pointer of Git LFS, a web page, or empty.
    """
    with path.open('rb') as file:
        start = file.read(512).lstrip().lower()
    if start.startswith(b'version https://git-lfs'):
        raise ValueError(f'{path} is a pointer of Git LFS, not the checkpoint. Fetch the file with `git lfs pull`.')
    if start.startswith((b'<!doctype', b'<html', b'<?xml')):
        raise ValueError(
            f'{path} is a web page, not a checkpoint: the address that was downloaded shows the file in a browser. '
            'Download it from the address of the file itself, such as that of the button "download" or "raw".'
        )
    if not start:
        raise ValueError(f'{path} cannot be read as a checkpoint: it is empty. Download or copy it again.')


def _verify_archive(path: Path) -> None:
    """Compare every part of a PyTorch checkpoint with its checksum; older formats than the archive have none."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise DamagedCheckpointError(
            f'{path} is damaged: its part `{damaged}` does not have the checksum that it was written with. Copy or '
            'download it again, or take another checkpoint.'
        )


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    with safe_open(path, 'pt') as file:
        expected = (file.metadata() or {}).get(DIGEST_KEY)
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # no dict
    if expected is not None and tensor_digest(tensors) != expected:
        raise DamagedCheckpointError(
            f'{path} is damaged: its tensors do not have the checksum that they were written with. Copy or download '
            'it again.'
        )
    return tensors


def read_metadata(path: str | Path) -> dict[str, str]:
    """Read what a file says of itself.

    Args:
        path: A checkpoint that :func:`read_checkpoint_file` can read.

    Returns:
        The metadata of a ``.safetensors`` file; of other files, nothing.
    """
    path = Path(path)
    if path.suffix != '.safetensors':
        return {}
    with safe_open(path, 'pt') as file:
        return dict(file.metadata() or {})


def tensor_digest(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of named tensors: names, types, shapes and values, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}\n'.encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def save_tensors(tensors: Mapping[str, Tensor], path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file with its checksum, whole or not at all.

    Args:
        tensors: Contiguous tensors by name.
        path: The file.
        metadata: Further entries of the file's metadata.
    """
    with replace_file(path) as partial:
        save_file(dict(tensors), partial, {'format': 'pt', **(metadata or {}), DIGEST_KEY: tensor_digest(tensors)})


@contextmanager
def replace_file(path: str | Path) -> Iterator[Path]:
    """Write a file under another name; once it is whole and on the disk, it takes its name.

    A reader meets the file of before or the new one, whenever the process or the machine stops.

    Args:
        path: The file.

    Yields:
        The name to write under, beside ``path``. What is there is removed if the ``with`` block fails.
    """
    path = Path(path)
    partial = path.with_name(path.name + PARTIAL_SUFFIX)
    try:
        yield partial
        _flush_to_disk(partial)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _flush_to_disk(path.parent)  # the new name


def _flush_to_disk(path: Path) -> None:
    """Return when the disk holds a file or the names of a folder."""
    if path.is_dir() and os.name == 'nt':
        return  # Windows opens no folders, and keeps their names itself
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_local(filename: str, map_location: Any = None) -> Any:
    """Read a file for MMEngine, see :func:`read_checkpoint_file`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or holds objects that are not safe to load.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'There is no checkpoint {path}.')
    return read_checkpoint_file(path, map_location or 'cpu')


@CheckpointLoader.register_scheme(prefixes=('http://', 'https://'), force=True)
def load_from_http(filename: str, map_location: Any = None) -> Any:
    """Download a file once, to where :mod:`torch.hub` keeps its checkpoints, and read it for MMEngine."""
    path = Path(torch.hub.get_dir(), 'checkpoints', Path(urlparse(filename).path).name)
    if is_main_process() and not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(filename, str(path))
    barrier()
    return load_from_local(str(path), map_location)


@CheckpointLoader.register_scheme(
    prefixes=(
        *('modelzoo://', 'torchvision://', 'open-mmlab://', 'openmmlab://', 'mmcls://', 'pavi://'),
        *(r'(\S+\:)?s3://', r'(\S+\:)?petrel://'),
    ),
    force=True,
)
def load_from_nowhere(filename: str, map_location: Any = None) -> Any:
    """Refuse addresses whose readers in MMEngine run the code in a file.

    Raises:
        ValueError: Always.
    """
    raise ValueError(
        f'The checkpoint {filename} is not read from there, because MMEngine would run code that it may hold. '
        'Download it and give the path of the file.'
    )
