# Copyright (c) mmrrsis contributors.
"""Where weights lie."""

from pathlib import Path

#: Prefix of weights that ship with mmrrsis.
PACKAGE_PREFIX = 'package:'


def local_weights(pretrained: str) -> Path:
    """Return the path that ``pretrained`` means on this machine; whether something lies there is for the caller.

    Args:
        pretrained: A path, ``~`` allowed, or ``package:NAME`` for a file or folder in ``mmrrsis/weights``.

    Returns:
        The path.
    """
    if pretrained.startswith(PACKAGE_PREFIX):
        return Path(__file__).parents[2] / 'weights' / pretrained.removeprefix(PACKAGE_PREFIX)
    return Path(pretrained).expanduser()
