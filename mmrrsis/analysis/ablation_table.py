# Copyright (c) mmrrsis contributors.
"""A paper's ablation table: its rows, their configs in full and small size, its figures."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


class TableError(ValueError):
    """A table, or a config that a table names, is not as it must be."""


@dataclass(frozen=True)
class TableRow:
    """One row.

    Attributes:
        name: What the row is called in print.
        config: Its config, in full size.
        paper: The paper's figures in per cent, one list per split, in the order of the table's metrics.
        tiny: Changes that the small size needs besides, as ``--cfg-options`` has them.
    """

    name: str
    config: Path
    paper: dict[str, list[float]]
    tiny: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AblationTable:
    """A table of a paper.

    Attributes:
        key: Its name on the command line.
        title: Its title.
        data: The data set of the paper's figures.
        full: The config, in full size, that all rows inherit from.
        tiny: The same method in small size, on SynthRS.
        metrics: Names of the columns, keys of what ``tools/test.py --out`` writes.
        rows: Its rows.
    """

    key: str
    title: str
    data: str
    full: Path
    tiny: Path
    metrics: list[str]
    rows: list[TableRow]

    @property
    def splits(self) -> list[str]:
        """Splits that the paper reports."""
        return sorted({split for row in self.rows for split in row.paper}, key=['val', 'test'].index)


def find_tables(configs: Path) -> dict[str, AblationTable]:
    """Read every ``tables.yml`` in the method folders of a folder of configs.

    Args:
        configs: The folder.

    Returns:
        Tables by key.

    Raises:
        TableError: If a file misses a key, two files use the same key of a table, or a config does not exist.
    """
    tables: dict[str, AblationTable] = {}
    for file in sorted(configs.glob('*/tables.yml')):
        for key, content in yaml.safe_load(file.read_text(encoding='utf-8')).items():
            if key in tables:
                raise TableError(f'{file}: the table {key} is defined in another tables.yml as well. Rename it.')
            try:
                rows = [
                    TableRow(row['name'], file.parent / row['config'], row['paper'], row.get('tiny', {}))
                    for row in content['rows']
                ]
                tables[key] = AblationTable(
                    key, content['title'], content['data'], file.parent / content['full'],
                    file.parent / content['tiny'], content['metrics'], rows,
                )  # fmt: skip
            except KeyError as error:
                raise TableError(f'{file}: {key} misses the entry {error}.') from None
            missing = [
                path for path in (tables[key].full, tables[key].tiny, *(r.config for r in rows)) if not path.is_file()
            ]
            if missing:
                raise TableError(f'{file}: {key} names {missing[0]}, which does not exist.')
    return tables


def _find_base(config: Path) -> ast.Assign | None:
    """Return the statement that sets a config's ``_base_``, None if it names no or several bases."""
    for statement in ast.parse(config.read_text(encoding='utf-8')).body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], 'id', None) == '_base_':
            return statement if isinstance(ast.literal_eval(statement.value), str) else None
    return None


def write_on_other_base(config: Path, base: Path, other: Path, folder: Path) -> Path:
    """Write what a config changes in ``base`` as a change of ``other``.

    The chain of files from ``config`` down to ``base`` is copied, and the last copy inherits from ``other``. A
    reference such as ``_base_.channels`` takes the value of ``other``.

    Args:
        config: A config that inherits from ``base`` through single bases, or ``base`` itself.
        base: The config that the differences are stated against.
        other: The config that they are applied to.
        folder: Where the copies go.

    Returns:
        The written config; ``other`` where ``config`` is ``base``.

    Raises:
        TableError: If ``config`` does not inherit from ``base``.
    """
    base, other, current = base.resolve(), other.resolve(), config.resolve()
    if current == base:
        return other
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / current.name
    while True:
        statement = _find_base(current)
        if statement is None:
            raise TableError(f'{config} does not inherit from {base} through single bases (it ends at {current}).')
        parent = (current.parent / ast.literal_eval(statement.value)).resolve()
        lines = current.read_text(encoding='utf-8').splitlines()
        target = str(other) if parent == base else f'./{parent.name}'
        lines[statement.lineno - 1 : statement.end_lineno] = [f'_base_ = {target!r}']
        (folder / current.name).write_text('\n'.join(lines) + '\n', encoding='utf-8')
        if parent == base:
            return written
        current = parent
