# Copyright (c) mmrrsis contributors.
"""Sphinx extension: a page per public package of mmrrsis, found by walking the package.

A package shows the names in its ``__all__``. What several packages export is described once, at the shortest path.
Of modules only those directly under ``mmrrsis`` have pages: everything else is public through its package.
"""

import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Protocol

from repository_pages import write_pages
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

import mmrrsis


def public_modules() -> list[ModuleType]:
    """Return the packages of mmrrsis, and the modules directly under it, the shortest names first."""
    names = [
        info.name
        for info in pkgutil.walk_packages(mmrrsis.__path__, 'mmrrsis.')
        if not any(part.startswith('_') for part in info.name.split('.')) and (info.ispkg or info.name.count('.') == 1)
    ]
    return [importlib.import_module(name) for name in sorted(names, key=lambda name: (name.count('.'), name))]


def public_names(module: ModuleType) -> list[str]:
    """Return what a module offers: ``__all__``, else its public classes, functions and data with a ``#:`` comment."""
    if hasattr(module, '__all__'):
        names = [name for name in module.__all__ if not name.startswith('_')]
    elif hasattr(module, '__path__'):
        names = []  # a package without its own list only gathers those of others
    else:
        commented = {name for owner, name in ModuleAnalyzer.for_module(module.__name__).find_attr_docs() if not owner}
        names = [
            name
            for name, value in vars(module).items()
            if not name.startswith('_')
            and (name in commented or getattr(value, '__module__', None) == module.__name__)
        ]
    return [name for name in names if not inspect.ismodule(getattr(module, name))]


def _options(value: object) -> list[str]:
    """Return autodoc's options: bases that say something, and values that are short."""
    if inspect.isclass(value):
        return [] if set(value.__bases__) & {object, tuple, Protocol} else ['   :show-inheritance:']
    short = isinstance(value, str | int | float | tuple | list) and len(repr(value)) < 100
    return [] if inspect.isroutine(value) or short else ['   :no-value:']


def api_page(module: ModuleType, names: list[str]) -> str:
    """Return the page of a module.

    Args:
        module: The module.
        names: What it describes of its own.

    Returns:
        reStructuredText, which autodoc's directives need.
    """
    title = module.__name__
    lines = [title, '=' * len(title), '', f'.. automodule:: {title}', '   :no-members:', '']
    classes = [name for name in names if inspect.isclass(getattr(module, name))]
    functions = [name for name in names if inspect.isroutine(getattr(module, name))]
    data = [name for name in names if name not in classes and name not in functions]
    for heading, directive, members in (
        ('Classes', 'autoclass', classes),
        ('Functions', 'autofunction', functions),
        ('Data', 'autodata', data),
    ):
        if not members:
            continue
        lines += [heading, '-' * len(heading), '']
        if directive != 'autodata':
            lines += ['.. autosummary::', '   :nosignatures:', '', *(f'   {name}' for name in members), '']
        for name in members:
            lines += [f'.. {directive}:: {title}.{name}', *_options(getattr(module, name)), '']
    return '\n'.join(lines)


def write_api_pages(app: Sphinx) -> None:
    """Write the page of each public module, and the list of them."""
    described: set[int] = set()
    texts = {}
    for module in public_modules():
        values = {name: getattr(module, name) for name in public_names(module)}
        if names := [name for name, value in values.items() if id(value) not in described]:
            described.update(id(values[name]) for name in names if callable(values[name]))
            texts[f'{module.__name__}.rst'] = api_page(module, names)
    lines = ['API', '===', '', 'What each package offers, from its docstrings.', '']
    lines += ['.. toctree::', '   :maxdepth: 1', '', *(f'   {Path(name).stem}' for name in sorted(texts)), '']
    write_pages(Path(app.srcdir) / 'api', texts | {'index.rst': '\n'.join(lines)})


def skip_tuple_field(app: Sphinx, kind: str, name: str, member: object, skip: bool, options: object) -> bool | None:
    """Leave out fields of named tuples: the docstring of the class says what they are, theirs do not."""
    return True if type(member).__name__ == '_tuplegetter' else None


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect('autodoc-skip-member', skip_tuple_field)
    app.connect('builder-inited', write_api_pages)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
