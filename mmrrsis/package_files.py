# Copyright (c) mmrrsis contributors.
"""Files that ship with the package."""

from pathlib import Path

PREFIX = 'package:'


def resolve_package_file(location: str) -> Path:
    """Turn a location from a config into a path.

    Args:
        location: ``package:NAME`` for a file in ``mmrrsis/weights``, or a path, which may begin with ``~``.

    Returns:
        The path, whether or not there is a file. What a location stands for that names no file (a model of a hub, say)
        is for the caller to know.
    """
    if location.startswith(PREFIX):
        return Path(__file__).parent / 'weights' / location.removeprefix(PREFIX)
    return Path(location).expanduser()
