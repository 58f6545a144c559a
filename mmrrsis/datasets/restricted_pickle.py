# Copyright (c) mmrrsis contributors.
"""Reading pickles from the internet without running what is in them."""

import collections
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ReferringDataError, ReferringFileNotFoundError


def _encode_latin1(text: str, encoding: str = 'latin1') -> bytes:
    """Stand in for ``_codecs.encode``, by which protocol 2 writes bytes."""
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f"bytes are expected in the encoding 'latin1', not {encoding!r}")
    return text.encode('latin1')


def _numpy_scalar(dtype: np.dtype, data: bytes) -> bool | int | float | complex | str | bytes:
    """Stand in for NumPy's scalar constructor; returns the plain Python value."""
    if not isinstance(dtype, np.dtype) or dtype.kind not in 'biufcSU':
        raise pickle.UnpicklingError(f'a NumPy scalar of type {dtype!r} is not a number or a string')
    return np.frombuffer(data, dtype=dtype, count=1)[0].item()


#: Everything a pickle may name. All of these build plain values only.
_ADMITTED: dict[tuple[str, str], Callable[..., Any]] = {
    **{
        (module, cls.__name__): cls
        for module in ('builtins', '__builtin__')
        for cls in (dict, list, tuple, set, frozenset, str, bytes, bytearray, int, float, complex, bool)
    },
    ('collections', 'OrderedDict'): collections.OrderedDict,
    ('collections', 'defaultdict'): collections.defaultdict,
    ('_codecs', 'encode'): _encode_latin1,
    ('numpy', 'dtype'): np.dtype,
    ('numpy.core.multiarray', 'scalar'): _numpy_scalar,
    ('numpy._core.multiarray', 'scalar'): _numpy_scalar,
}


class _RefusedClassError(pickle.UnpicklingError):
    """A pickle names something that is not admitted."""


class _RestrictedUnpickler(pickle.Unpickler):
    """Admits plain containers, strings, numbers and NumPy scalars."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a pickle asks for by name, if it is admitted."""
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise _RefusedClassError(f'{module}.{name}') from None


def load_restricted_pickle(path: str | Path) -> Any:
    """Read a pickle that holds only plain containers, strings and numbers.

    NumPy scalars come back as Python numbers. Nothing else is built: a pickle can name any function to be called
    while it is read, so one from the internet must not be read by :func:`pickle.load`.

    Args:
        path: The pickle.

    Returns:
        What was pickled.

    Raises:
        ReferringFileNotFoundError: If the file does not exist.
        ReferringDataError: If the pickle names any other class or function, or is broken.
    """
    path = Path(path)
    if not path.is_file():
        raise ReferringFileNotFoundError(f"The pickle '{path}' does not exist.", 'missing file')
    with path.open('rb') as file:
        try:
            # Strings that Python 2 wrote are bytes to Python 3; UTF-8 includes the ASCII that they are by default.
            return _RestrictedUnpickler(file, encoding='utf-8').load()
        except _RefusedClassError as error:
            raise ReferringDataError(
                f"'{path}' was not read: it holds '{error}', and from a pickle only plain containers, strings, "
                'numbers and NumPy scalars are read, because other classes can run code. If you trust the source of '
                'the file, convert it once with `tools/dataset_converters/rrsisd_refs_to_json.py --trust-pickle`.',
                'refused pickle',
            ) from None
        except Exception as error:  # a broken pickle can make the unpickler raise anything
            raise ReferringDataError(
                f"'{path}' is not a readable pickle ({type(error).__name__}: {error}). Download it again.",
                'unreadable file',
            ) from error
