# Copyright (c) mmrrsis contributors.
"""Say what is installed and what is there to work with."""

import argparse
import os
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from mmrrsis.version import __version__

# Import packages besides those that MMEngine lists; either family of OpenMMLab distributions provides them.
_PACKAGES = {
    'mmcv': ('onedl-mmcv', 'mmcv', 'mmcv-lite'),
    'mmsegmentation': ('onedl-mmsegmentation', 'mmsegmentation'),
    'mmpretrain': ('onedl-mmpretrain', 'mmpretrain'),
    'open_clip': ('open_clip_torch',),
    'transformers': ('transformers',),
    'rasterio': ('rasterio',),
    'geopandas': ('geopandas',),
}
# Of MMEngine's entries, those that help nobody who reads a screen.
_LONG_ENTRIES = ('PyTorch compiling details', 'numpy_random_seed')
# Files that tell one layout from the others; a folder counts where all are there.
_LAYOUTS = {
    'RRSIS-D': ('rrsisd/refs(unc).p', 'rrsisd/instances.json'),
    'RefSegRS': ('output_phrase_train.txt', 'masks'),
    'RISBench': ('output_phrase_train.txt', 'img_rgb'),
}


def find_version(names: Sequence[str]) -> str:
    """Return name and version of the first installed distribution."""
    for name in names:
        try:
            return f'{metadata.version(name)} ({name})'
        except metadata.PackageNotFoundError:
            continue
    return 'not installed'


def find_datasets(root: str | Path) -> list[tuple[Path, str]]:
    """Return folders below ``root`` that hold a data set, with the name of its layout."""
    found = []
    for folder in sorted(path for path in Path(root).glob('*') if path.is_dir()):
        for layout, files in _LAYOUTS.items():
            if all((folder / file).exists() for file in files):
                synthetic = (folder / 'synthrs.json').is_file()
                found.append((folder, f'SynthRS, synthetic, in the layout of {layout}' if synthetic else layout))
    return found


def main(arguments: Sequence[str] | None = None, program: str | None = None) -> None:
    """Print versions, compiled operators, devices and data sets.

    Args:
        arguments: Words of the command line; None takes those of the process.
        program: Name of the command in the help; None takes that of the process.
    """
    parser = argparse.ArgumentParser(prog=program, description='Print what is installed and what is there.')
    parser.add_argument('--data-root', default='data', help='folder with data sets (default: %(default)s)')
    args = parser.parse_args(arguments)
    import torch
    from mmengine.utils.dl_utils import collect_env

    print(f'mmrrsis: {__version__}')
    for name, value in collect_env().items():
        if name not in _LONG_ENTRIES:
            print(f'{name}: {value}')
    for name, distributions in _PACKAGES.items():
        print(f'{name}: {find_version(distributions)}')
    # Asked of the file system: importing it would load every CUDA library.
    operators = find_spec('mmcv._ext') is not None
    print(f'compiled operators of mmcv: {"present" if operators else "absent (nothing here needs them)"}')
    print(f'CPU: {os.cpu_count()} cores, {torch.get_num_threads()} threads')
    datasets = find_datasets(args.data_root)
    for folder, layout in datasets:
        print(f'data set: {folder} ({layout})')
    if not datasets:
        print(f'data sets: none below {args.data_root}')
