# Copyright (c) mmrrsis contributors.
"""Refuse to go on without the packages that georeferenced files need; imported before them."""

from importlib.util import find_spec

REQUIRED = ('rasterio', 'geopandas', 'pyogrio', 'shapely', 'pyproj')


def check_dependencies(required: tuple[str, ...] = REQUIRED) -> None:
    """Check that the packages of the extra ``geo`` are installed.

    Raises:
        ImportError: Names those that are missing and the command that installs them.
    """
    missing = [name for name in required if find_spec(name) is None]
    if missing:
        raise ImportError(
            f'mmrrsis.geo needs {", ".join(missing)}. Install the packages for georeferenced files with '
            '`pip install mmrrsis[geo]`.'
        )


check_dependencies()
