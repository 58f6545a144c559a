# Copyright (c) mmrrsis contributors.
"""Decide what may be replaced in a file of polygons that exists already."""

import re
import shutil
from pathlib import Path

import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from .vectorize import COLUMNS, VECTOR_DRIVERS


def layer_name(path: Path) -> str:
    """Return the layer of a file, named after it.

    GeoPackage allows no punctuation or space at the beginning of a name, so these are left out.
    """
    return re.sub(r'^\W+', '', path.stem) or 'mask'


def check_vector_target(path: Path, overwrite: bool) -> None:
    """Check that writing a layer destroys nothing that is not of the same kind.

    Other layers of a GeoPackage stay in any case. A layer of polygons that was written before is replaced.

    Args:
        path: The file to write; it need not exist.
        overwrite: Replace a foreign layer of the same name, or a foreign GeoJSON file.

    Raises:
        ValueError: If something foreign would be replaced, or another program has the file open.
    """
    if not path.exists():
        return
    if path.with_name(path.name + '-wal').exists():
        raise ValueError(f'{path} is open in another program, which has unsaved changes. Close it there first.')
    if overwrite:
        return
    try:
        layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        # A GeoJSON file is one layer, whatever its name.
        own = layer_name(path) if VECTOR_DRIVERS[path.suffix.lower()] == 'GPKG' else layers[0]
        if own not in layers:
            return
        information = pyogrio.read_info(path, layer=own)
        if set(COLUMNS) <= set(information['fields']) or information['features'] == 0:
            return
        found = f'a layer {own!r} with other columns ({", ".join(information["fields"]) or "none"})'
    except (DataSourceError, DataLayerError, IndexError):
        found = 'no polygons'
    raise ValueError(
        f'{path} exists and holds {found}, which was not written here. Name another file, or replace it with '
        '`overwrite` (on the command line --overwrite); other layers of a GeoPackage stay.'
    )


def copy_other_layers(path: Path, partial: Path) -> None:
    """Begin a GeoPackage with the layers of the one it replaces, if there is one."""
    if not path.exists() or VECTOR_DRIVERS[path.suffix.lower()] != 'GPKG':
        return
    try:
        pyogrio.list_layers(path)
    except DataSourceError:
        return  # no GeoPackage; `check_vector_target` was told to replace it
    shutil.copyfile(path, partial)
