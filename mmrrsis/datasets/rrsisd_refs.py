# Copyright (c) mmrrsis contributors.
"""The list of refs of RRSIS-D, as pickle and as JSON."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ReferringDataError, ReferringFileNotFoundError
from .restricted_pickle import load_restricted_pickle

PICKLE_NAME = 'refs(unc).p'
JSON_NAME = 'refs(unc).json'


def load_json(path: Path) -> Any:
    """Read a JSON file of a data set.

    Raises:
        ReferringFileNotFoundError: If the file does not exist.
        ReferringDataError: If it is not JSON.
    """
    if not path.is_file():
        raise ReferringFileNotFoundError(
            f"'{path}' does not exist. Unpack the whole data set, or correct `data_root`.", 'missing file'
        )
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError
        raise ReferringDataError(
            f"'{path}' is not valid JSON ({error}). Download or convert it again.", 'unreadable file'
        ) from error


def find_refs_file(folder: Path) -> Path:
    """Return the file with the refs: the JSON when it is there, else the pickle.

    The JSON goes first, because it exists only where someone converted the pickle in order to have it read.

    Raises:
        ReferringFileNotFoundError: If neither is there.
    """
    for name in (JSON_NAME, PICKLE_NAME):
        if (folder / name).is_file():
            return folder / name
    raise ReferringFileNotFoundError(
        f"Neither '{PICKLE_NAME}' nor '{JSON_NAME}' is in '{folder}'. Unpack the whole data set, or correct "
        '`data_root`.',
        'missing file',
    )


def load_refs(path: Path) -> list:
    """Read the list of refs.

    Args:
        path: A JSON file or a pickle; see :func:`find_refs_file`.

    Raises:
        ReferringDataError: If the file is broken or refused, or does not hold a list.
    """
    refs = load_json(path) if path.suffix == '.json' else load_restricted_pickle(path)
    if not isinstance(refs, list):
        raise ReferringDataError(
            f"'{path}' holds a {type(refs).__name__}, not a list of refs. Download or convert it again.",
            'unreadable file',
        )
    return refs


def _to_plain(value: Any) -> Any:
    """Stand in for what JSON cannot write, called by :func:`json.dump`."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, bytes):
        return value.decode('utf-8')
    raise ReferringDataError(
        f"The refs hold a '{type(value).__module__}.{type(value).__qualname__}', which JSON cannot hold. Write the "
        'refs with plain containers, strings and numbers.',
        'refused pickle',
    )


def convert_refs_to_json(pickle_path: Path, json_path: Path, trust_pickle: bool = False) -> int:
    """Write the refs of a pickle as JSON.

    Args:
        pickle_path: ``refs(unc).p``.
        json_path: The file to write.
        trust_pickle: Read the pickle with :func:`pickle.load`, which runs whatever code the file names. Only for a
            file whose source you trust.

    Returns:
        The number of refs.

    Raises:
        ReferringDataError: If the pickle is refused or broken, is not a list, or holds what JSON cannot hold.
    """
    if trust_pickle:
        with pickle_path.open('rb') as file:
            refs = pickle.load(file)
    else:
        refs = load_restricted_pickle(pickle_path)
    if not isinstance(refs, list):
        raise ReferringDataError(
            f"'{pickle_path}' holds a {type(refs).__name__}, not a list of refs. Download it again.",
            'unreadable file',
        )
    text = json.dumps(refs, default=_to_plain)  # before opening, so that an error leaves no half file
    json_path.write_text(text, encoding='utf-8')
    return len(refs)
