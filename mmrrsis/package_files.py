# Copyright (c) mmrrsis contributors.
"""Find the configs, tools and weights that ship with the package."""

import difflib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
PREFIX = 'package:'
#: What is used when neither a model nor weights are named: ten categories of photographs, see weights/README.md.
DEFAULT_MODEL = 'cd2fsan_small_vhr10'
DEFAULT_WEIGHTS = f'{PREFIX}{DEFAULT_MODEL}.safetensors'


def resolve_package_file(location: str) -> Path:
    """Turn a location from a config into a path.

    Args:
        location: ``package:NAME`` for a file in ``mmrrsis/weights``, or a path, which may begin with ``~``.

    Returns:
        The path, whether or not there is a file. What a location stands for that names no file (a model of a hub, say)
        is for the caller to know.
    """
    if location.startswith(PREFIX):
        return PACKAGE / 'weights' / location.removeprefix(PREFIX)
    return Path(location).expanduser()


def packaged_folder(name: str) -> Path:
    """Return a folder such as ``configs``: under ``mmrrsis/.mim`` when installed, else beside the package.

    Raises:
        FileNotFoundError: If neither is there.
    """
    places = (PACKAGE / '.mim' / name, PACKAGE.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f'mmrrsis is installed without its folder `{name}`: neither {places[0]} nor {places[1]} exists. Install it '
        'with pip from a checkout or a wheel.'
    )


def list_configs() -> dict[str, Path]:
    """Return the configs of the package by name, the stem of their file; parts in ``_base_`` are left out."""
    folder = packaged_folder('configs')
    files = sorted(path for path in folder.rglob('*.py') if '_base_' not in path.relative_to(folder).parts)
    return {path.stem: path for path in files}


def find_config(model: str | Path) -> Path:
    """Find a config by its path or, for those of the package, by its name.

    Args:
        model: A file, or a name such as ``cd2fsan_vitb_rrsisd``. A file goes before a name.

    Returns:
        The path of the config.

    Raises:
        FileNotFoundError: If it is neither.
    """
    if Path(model).is_file():
        return Path(model)
    configs = list_configs()
    if str(model) in configs:
        return configs[str(model)]
    near = difflib.get_close_matches(Path(model).stem, configs, n=1)
    hint = f'Did you mean `{near[0]}`?' if near else f'The package has {", ".join(configs)}.'
    raise FileNotFoundError(f'`{model}` is neither a config file nor the name of a config of the package. {hint}')


def find_weights(weights: str | Path) -> Path:
    """Find a checkpoint.

    Args:
        weights: A file, or ``package:NAME`` for a file in ``mmrrsis/weights``.

    Returns:
        The path of the checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    path = resolve_package_file(str(weights))
    if path.is_file():
        return path
    if not str(weights).startswith(PREFIX):
        raise FileNotFoundError(f'There is no checkpoint {path}.')
    shipped = sorted(file.name for file in path.parent.glob('*.safetensors'))
    raise FileNotFoundError(
        f'The weights {path.name} do not ship with this installation; {path.parent} has '
        f'{", ".join(shipped) or "none"}. Name a config and a checkpoint of your own, for example those of '
        '`bash tools/quickstart.sh`.'
    )
