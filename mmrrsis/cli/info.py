# Copyright (c) mmrrsis contributors.
"""Say what is installed and what is there to work with."""

import argparse
import os
import platform
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from mmrrsis.version import __version__

# Import packages; either family of OpenMMLab distributions provides them.
_PACKAGES = {
    'torch': ('torch',),
    'mmengine': ('onedl-mmengine', 'mmengine', 'mmengine-lite'),
    'mmcv': ('onedl-mmcv', 'mmcv', 'mmcv-lite'),
    'mmsegmentation': ('onedl-mmsegmentation', 'mmsegmentation'),
    'mmpretrain': ('onedl-mmpretrain', 'mmpretrain'),
    'open_clip': ('open_clip_torch',),
    'transformers': ('transformers',),
    'rasterio': ('rasterio',),
    'geopandas': ('geopandas',),
}
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


def run(arguments: Sequence[str]) -> None:
    """Print versions, compiled operators, devices and data sets."""
    parser = argparse.ArgumentParser(prog='mmrrsis info', description='Print what is installed and what is there.')
    parser.add_argument('--data-root', default='data', help='folder with data sets (default: %(default)s)')
    args = parser.parse_args(arguments)
    import torch

    print(f'mmrrsis: {__version__}')
    print(f'python: {platform.python_version()} on {platform.system()} {platform.machine()}')
    for name, distributions in _PACKAGES.items():
        print(f'{name}: {find_version(distributions)}')
    # Asked of the file system: importing it would load every CUDA library.
    operators = find_spec('mmcv._ext') is not None
    print(f'compiled operators of mmcv: {"present" if operators else "absent (nothing here needs them)"}')
    print(f'CPU: {os.cpu_count()} cores, {torch.get_num_threads()} threads')
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            device = torch.cuda.get_device_properties(index)
            print(f'cuda:{index}: {device.name}, {device.total_memory / 2**30:.0f} GiB')
    else:
        print('CUDA: none')
    datasets = find_datasets(args.data_root)
    for folder, layout in datasets:
        print(f'data set: {folder} ({layout})')
    if not datasets:
        print(f'data sets: none below {args.data_root}')
