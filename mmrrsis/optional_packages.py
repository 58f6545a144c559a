# Copyright (c) mmrrsis contributors.
"""Refuse to go on without the packages of an extra."""

from importlib.util import find_spec

GEO_PACKAGES = ('rasterio', 'geopandas', 'pyogrio', 'shapely', 'pyproj')
WEB_PACKAGES = ('gradio', *GEO_PACKAGES)


def check_packages(extra: str, required: tuple[str, ...]) -> None:
    """Check that the packages of an extra are installed.

    Args:
        extra: Name of the extra, and of the part of mmrrsis that needs it.
        required: Packages as they are imported.

    Raises:
        ImportError: Names those that are missing and the command that installs them.
    """
    missing = [name for name in required if find_spec(name) is None]
    if missing:
        raise ImportError(
            f'mmrrsis.{extra} needs {", ".join(missing)}. Install what it needs with `pip install mmrrsis[{extra}]`.'
        )
