# Copyright (c) mmrrsis contributors.
"""Find mistakes in configs that MMEngine would pass over, and say where the others are."""

import difflib
import inspect
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings
from torch import nn

from mmrrsis import registry as registries
from mmrrsis.checkpoint import unwrap_model

# What the runner reads from the config besides its constructor's arguments, and names that configs use by custom.
_TOP_LEVEL_KEYS = (
    *(name for name in inspect.signature(Runner.__init__).parameters if name not in ('self', 'cfg')),
    *('model_wrapper_cfg', 'find_unused_parameters', 'sync_bn', 'compile', 'runner_type', 'custom_imports'),
    *('train_pipeline', 'val_pipeline', 'test_pipeline', 'tta_pipeline', 'eval_pipeline'),
    *('backend_args', 'data_root', 'dataset_type'),
)
# Dicts that are read with `.get`, so that an unknown key would have no effect at all.
_CLOSED_DICTS = {
    'env_cfg': ('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'),
    'env_cfg.mp_cfg': ('mp_start_method', 'opencv_num_threads'),
    'optim_wrapper.paramwise_cfg': (
        *('custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult', 'dwconv_decay_mult'),
        *('flat_decay_mult', 'bypass_duplicate', 'dcn_offset_lr_mult'),
    ),
}
_DEFAULT_HOOKS = (
    'runtime_info',
    'timer',
    'sampler_seed',
    'logger',
    'param_scheduler',
    'checkpoint',
    'visualization',
    'loss_guard',
)
_NAN_TEXT = re.compile(r'[-+]?\.?nan', re.IGNORECASE)
_OPTIMIZER_NUMBERS = ('lr', 'weight_decay', 'momentum', 'eps', 'alpha', 'rho')
_TOKENIZERS = ('CLIPTokenizer', 'BERTTokenizer')
# Two names as similar as this are taken for one and a misspelling of it; `val_dataset` and `val_dataloader` are not.
_CUTOFF = 0.86


class ConfigError(ValueError):
    """A config holds a key or type that nothing reads, a value that is no number, or parts that do not fit."""


def load_config(path: str | Path) -> Config:
    """Read a config, and import the modules that it names in ``custom_imports``.

    A project keeps its configs in ``PROJECT/configs/`` and its package beside them, in ``PROJECT/NAME/``. So where a
    config has ``custom_imports``, the folder that holds ``configs/`` is added to the end of ``sys.path``: a project
    needs no ``PYTHONPATH``, in every process of a distributed run too. Modules elsewhere are found by ``PYTHONPATH``.

    Args:
        path: The config file.

    Returns:
        The config.

    Raises:
        ConfigError: If a module of ``custom_imports`` cannot be imported; the reason stays attached as its cause.
    """
    cfg = Config.fromfile(str(path), import_custom_modules=False)
    custom_imports = cfg.get('custom_imports')
    if not custom_imports:
        return cfg
    folders = [parent.parent for parent in Path(path).resolve().parents if parent.name == 'configs']
    if folders and str(folders[0]) not in sys.path:
        sys.path.append(str(folders[0]))
    try:
        import_modules_from_strings(**custom_imports)
    except ImportError as error:
        searched = f'in {folders[0]}, the folder above `configs/`, and ' if folders else ''
        hint = '' if folders else ' Keep the config under the folder `configs/` of a project, beside its package.'
        raise ConfigError(
            f'`custom_imports` of {path}: {error} ({error.__context__}). Modules are looked for {searched}on '
            f'PYTHONPATH.{hint}'
        ) from error
    return cfg


def _near(key: str, known: Sequence[str], cutoff: float = _CUTOFF) -> str | None:
    """Return the known name that ``key`` misspells, None if it resembles none."""
    matches = difflib.get_close_matches(key, known, n=1, cutoff=cutoff)
    return matches[0] if matches else None


def check_config(cfg: Config) -> None:
    """Check for misspelt keys that would be ignored without a word.

    The top level of a config may hold any helper variable, so only near misses of the names that the runner reads
    are errors there; the same holds for ``default_hooks``. ``env_cfg`` and ``optim_wrapper.paramwise_cfg`` are
    closed: every unknown key is an error. A value that is not a number is an error anywhere.

    Args:
        cfg: A whole config.

    Raises:
        ConfigError: Names the key and the name that was probably meant.
    """
    _check_numbers(cfg)
    for where, keys, known in (
        ('', cfg, _TOP_LEVEL_KEYS),
        ('default_hooks.', cfg.get('default_hooks'), _DEFAULT_HOOKS),
    ):
        for key in keys or ():
            suggestion = None if key in known else _near(key, known)
            if suggestion:
                raise ConfigError(f'Unknown config key `{where}{key}`. Did you mean `{where}{suggestion}`?')
    for where, known in _CLOSED_DICTS.items():
        node: Any = cfg
        for part in where.split('.'):
            node = node.get(part) or {}
        for key in node:
            if key not in known:
                suggestion = _near(key, known, cutoff=0.6)
                hint = f'Did you mean `{where}.{suggestion}`?' if suggestion else f'Known are {", ".join(known)}.'
                raise ConfigError(f'Unknown config key `{where}.{key}`. {hint}')


def _check_numbers(cfg: Config) -> None:
    """Check that nothing is not a number, and that the optimizer's numbers are no text."""
    for where, node in _walk(dict(cfg.items())):
        for key, value in node.items():
            path = f'{where}.{key}' if where else str(key)
            text = isinstance(value, str)
            if (text and _NAN_TEXT.fullmatch(value)) or (isinstance(value, float) and math.isnan(value)):
                raise ConfigError(f'`{path}` is {value!r}, which is not a number.')
            if where.startswith('optim_wrapper.optimizer') and key in _OPTIMIZER_NUMBERS:
                if text or (isinstance(value, float) and math.isinf(value)):
                    raise ConfigError(f'`{path}` must be a finite number but is {value!r}.')


def check_tokenizers(cfg: Config, model: nn.Module) -> None:
    """Check that the tokenizer of every pipeline is the one that the model's text tower reads.

    A text tower says by its attribute ``reads_tokens_of`` whose token ids its word embeddings are for. Only the
    tokenizers that ship with mmrrsis are checked.

    Args:
        cfg: A whole config.
        model: The model built from it.

    Raises:
        ConfigError: Names the key, the tokenizer and the tower.
    """
    towers = {
        owner: type(part).__name__
        for part in unwrap_model(model).modules()
        if isinstance(owner := getattr(part, 'reads_tokens_of', None), str)
    }
    for where, node in _walk(dict(cfg.items())):
        tokenizer = node.get('tokenizer')
        name = type_name(tokenizer) if isinstance(tokenizer, Mapping) else ''
        if towers and where.split('.')[0].endswith('dataloader') and name in _TOKENIZERS and name not in towers:
            wanted, tower = next(iter(towers.items()))
            raise ConfigError(
                f'`{where}.tokenizer.type` is {name}, but the text tower {tower} reads the token ids of {wanted}: '
                f'every word would be another one to it. Take a pipeline with {wanted}, or the tower that belongs to '
                f'{name}.'
            )


def check_custom_keys(cfg: Config, model: nn.Module) -> None:
    """Check that every entry of ``optim_wrapper.paramwise_cfg.custom_keys`` matches a parameter.

    Args:
        cfg: A whole config.
        model: The model built from it; a data-parallel wrapper is unwrapped.

    Raises:
        ConfigError: If an entry matches none and so would have no effect.
    """
    paramwise_cfg = (cfg.get('optim_wrapper') or {}).get('paramwise_cfg') or {}
    names = [name for name, _ in unwrap_model(model).named_parameters()]
    for key in paramwise_cfg.get('custom_keys') or {}:
        if not any(key in name for name in names):
            roots = sorted({name.split('.')[0] for name in names})
            raise ConfigError(
                f'`optim_wrapper.paramwise_cfg.custom_keys` has the entry `{key}`, but no parameter name of the model '
                f'contains it. Parameter names begin with {", ".join(roots)}.'
            )


def _walk(node: Any, path: str = '') -> Iterator[tuple[str, Mapping]]:
    """Yield every dict of a config with its path, such as ``train_dataloader.dataset.pipeline[2]``."""
    if isinstance(node, Mapping):
        yield path, node
        for key, value in node.items():
            yield from _walk(value, f'{path}.{key}' if path else str(key))
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _walk(value, f'{path}[{index}]')


def type_name(node: Mapping) -> str:
    """Return the class name a config dict asks for, without scope; an empty string if it asks for none."""
    value = node.get('type', '')
    return value.split('.')[-1] if isinstance(value, str) else getattr(value, '__name__', '')


def _known_types() -> set[str]:
    """Return the names in the project's registries and those above them."""
    names: set[str] = set()
    for registry in vars(registries).values():
        while isinstance(registry, registries.Registry):
            names.update(registry.module_dict)
            registry = registry.parent
    return names


@contextmanager
def explain_config_errors(cfg: Config) -> Iterator[None]:
    """Say where in the config an unknown type or an unexpected argument is.

    Args:
        cfg: The config that is being built inside the ``with`` block.

    Raises:
        ConfigError: In place of MMEngine's error, which stays attached as its cause. Other errors pass unchanged.
    """
    try:
        yield
    except KeyError as error:
        match = re.search(r'(\S+) is not in the (\S+) registry', str(error))
        if not match:
            raise
        name = match.group(1).strip('\'"')
        places = [path for path, node in _walk(dict(cfg.items())) if node.get('type') == name]
        if not places:
            raise
        near = difflib.get_close_matches(name.split('.')[-1], sorted(_known_types()), n=1, cutoff=0.7)
        hint = f' Did you mean `{near[0]}`?' if near else ''
        raise ConfigError(
            f'`{places[0]}.type` is `{name}`, which is not in the {match.group(2)} registry.{hint} Types of other '
            'packages are written with their scope, for example `mmseg.FCNHead`; modules of your own are imported '
            'with `custom_imports`.'
        ) from error
    except TypeError as error:
        match = re.search(r'(\w+)\.__init__\(\) got an unexpected keyword argument \'(\w+)\'', str(error))
        if not match:
            raise
        owner, key = match.groups()
        nodes = [(path, node) for path, node in _walk(dict(cfg.items())) if key in node]
        # A base class that is handed the rest of the arguments is not named in the config: take the key then.
        places = [path for path, node in nodes if type_name(node) == owner] or [path for path, _ in nodes]
        if not places:
            raise
        raise ConfigError(f'`{places[0]}.{key}`: {owner} takes no argument `{key}`.') from error
