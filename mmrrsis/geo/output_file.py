# Copyright (c) mmrrsis contributors.
"""Write a file beside its target and move it there when it is complete."""

import errno
import glob
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# GDAL gives no code, and its drivers not always a word: "Failed to commit transaction" is a GeoPackage on a full disk.
_GDAL_MODULES = ('rasterio', 'pyogrio')
_FULL_WORDS = ('no space left', 'disk full', 'disk is full')
# What GDAL reads beside a raster, and what would speak of an older one.
_SIDECARS = ('.ovr', '.msk', '.aux.xml')
_GDAL_LOGGERS = ('rasterio._env', 'rasterio._err', 'rasterio._io', 'pyogrio')


def check_extension(path: str | Path | None, known: Sequence[str], what: str) -> None:
    """Check the extension of an output file before anything is computed.

    Raises:
        ValueError: If it is none of those known.
    """
    if path is not None and Path(path).suffix.lower() not in known:
        raise ValueError(f'The extension of the {what} {path} is unknown. Known are {", ".join(known)}.')


def readable_size(count: float) -> str:
    """Write a number of bytes, such as ``1.5 GiB``."""
    for unit in ('B', 'KiB', 'MiB', 'GiB'):
        if count < 1024:
            return f'{count:.0f} B' if unit == 'B' else f'{count:.1f} {unit}'
        count /= 1024
    return f'{count:.1f} TiB'


class _GdalErrors(logging.Handler):
    """Collects what GDAL reports while a file is flushed and closed, where rasterio raises nothing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def raise_gdal_errors() -> Iterator[None]:
    """Raise errors that GDAL logs without raising: a full disk may show when a file is closed.

    Raises:
        OSError: With the first message that was logged in the ``with`` block.
    """
    handler = _GdalErrors()
    loggers = [logging.getLogger(name) for name in _GDAL_LOGGERS]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
    if handler.messages:
        raise OSError(handler.messages[0])


def _is_disk_full(error: Exception, folder: Path, needed: int) -> bool:
    """Tell whether an error, or what caused it, is a full disk."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, OSError) and chain.errno == errno.ENOSPC:
            return True
        if any(words in str(chain).lower() for words in _FULL_WORDS):
            return True
        chain = chain.__cause__
    written_by_gdal = type(error).__module__.split('.')[0] in _GDAL_MODULES
    return written_by_gdal and shutil.disk_usage(folder).free < needed


def _beside(partial: Path) -> list[Path]:
    """Return a partial file and what drivers have put beside it; the name may hold signs that patterns use."""
    return list(partial.parent.glob(f'{glob.escape(partial.name)}*'))


@contextmanager
def output_file(path: str | Path, needed: int, keep: bool = True) -> Iterator[Path]:
    """Give a path to write to, and move it to its target when the ``with`` block ends well.

    The target, if it exists, stays as it was until then and after an error. Files that drivers leave beside the
    partial one go away in any case.

    Args:
        path: The target. Its folder is made.
        needed: Bytes that are needed at most, for the error on a full disk.
        keep: Move the file to its target; False removes it in the end.

    Yields:
        A path in the same folder, with the same extension.

    Raises:
        OSError: With ``errno.ENOSPC`` if the disk is full; says how much is needed. Other errors pass unchanged.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f'.{path.stem}.{os.getpid()}.partial{path.suffix}')
    try:
        yield partial
        if keep:
            partial.replace(path)
            for suffix in _SIDECARS:  # overviews, statistics and masks of the file that was there before
                path.with_name(path.name + suffix).unlink(missing_ok=True)
    except Exception as error:
        if not _is_disk_full(error, path.parent, needed):
            raise
        for leftover in _beside(partial):
            leftover.unlink()
        free = shutil.disk_usage(path.parent).free
        raise OSError(
            errno.ENOSPC,
            f'The disk is full: up to {readable_size(needed)} are needed, and {readable_size(free)} are free now that '
            f'the unfinished {path.name} is removed. Free some space or write elsewhere',
            str(path.parent),
        ) from error
    finally:
        for leftover in _beside(partial):
            leftover.unlink()
