# Copyright (c) mmrrsis contributors.
"""Refuse an environment that mixes the two OpenMMLab families, or lacks the packages of an extra."""

from collections.abc import Callable, Iterable
from importlib import metadata
from importlib.util import find_spec

GEO_PACKAGES = ('rasterio', 'geopandas', 'pyogrio', 'shapely', 'pyproj')
WEB_PACKAGES = ('gradio', *GEO_PACKAGES)
#: onedl distribution -> original distributions that install the same import package.
FAMILIES = {
    'onedl-mmengine': ('mmengine', 'mmengine-lite'),
    'onedl-mmcv': ('mmcv', 'mmcv-lite', 'mmcv-full'),
    'onedl-mmsegmentation': ('mmsegmentation',),
    'onedl-mmpretrain': ('mmpretrain',),
}


def check_stack(find_version: Callable[[str], str] = metadata.version) -> None:
    """Check that the environment does not hold distributions of both OpenMMLab families.

    Both families write into the same folders (``mmengine/``, ``mmcv/``, ...), so whichever was installed last has
    overwritten a part of the other, and the faults that follow point anywhere but at the cause.

    Args:
        find_version: Returns the version of a distribution or raises ``PackageNotFoundError``.

    Raises:
        ImportError: If both are installed; names what to uninstall.
    """

    def installed(names: Iterable[str]) -> list[tuple[str, str]]:
        found = []
        for name in names:
            try:
                found.append((name, find_version(name)))
            except metadata.PackageNotFoundError:
                continue
        return found

    found = installed(name for originals in FAMILIES.values() for name in originals)
    if found and installed(FAMILIES):
        listed = ', '.join(f'{name} {version}' for name, version in found)
        raise ImportError(
            f'The original OpenMMLab packages are installed beside the onedl-* packages: {listed}. '
            'Both families write the same import folders and break each other. Remove the originals and put the '
            f'others back: `pip uninstall -y {" ".join(name for name, _ in found)}` and then '
            f'`pip install --force-reinstall --no-deps {" ".join(FAMILIES)}`.'
        )


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
