# Copyright (c) mmrrsis contributors.
"""Refuse to go on without the packages that the page needs; imported before them."""

from importlib.util import find_spec

REQUIRED = ('gradio', 'rasterio', 'geopandas', 'pyogrio', 'shapely', 'pyproj')


def check_dependencies(required: tuple[str, ...] = REQUIRED) -> None:
    """Check that the packages of the extra ``web`` are installed.

    Raises:
        ImportError: Names those that are missing and the command that installs them.
    """
    missing = [name for name in required if find_spec(name) is None]
    if missing:
        raise ImportError(
            f'mmrrsis.web needs {", ".join(missing)}. Install the packages for the page in the browser with '
            '`pip install mmrrsis[web]`.'
        )


check_dependencies()
