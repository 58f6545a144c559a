# Copyright (c) mmrrsis contributors.
"""Costs and scores of models, from what the other tools wrote."""

import math
from dataclasses import dataclass
from pathlib import Path

from .read_json import read_json

_NUMBERS = ('gmacs', 'params_m', 'score', 'fps')


@dataclass
class CostEntry:
    """Cost and score of one model.

    Attributes:
        name: The label of its bubble.
        gmacs: Multiply-adds of one sample, in 10^9.
        params_m: Parameters, in 10^6.
        score: The score, in the unit of the figure's axis.
        fps: Samples a second; None leaves it out of the label.
    """

    name: str
    gmacs: float
    params_m: float
    score: float
    fps: float | None = None


def read_costs(path: str | Path) -> list[CostEntry]:
    """Read a JSON list of ``{"name", "gmacs", "params_m", "score"}``, each with or without ``"fps"``.

    Args:
        path: The file.

    Returns:
        The entries, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no such list; the entry and its key are named.
    """
    content = read_json(path, 'a list of {"name": ..., "gmacs": ..., "params_m": ..., "score": ...}')
    if not isinstance(content, list) or not content or not all(isinstance(entry, dict) for entry in content):
        raise ValueError(
            f'{path} must hold a list of one or more {{"name": ..., "gmacs": ..., "params_m": ..., "score": ...}}.'
        )
    entries = []
    for number, entry in enumerate(content, start=1):
        where = f'{path}, entry {number}'
        if not isinstance(entry.get('name'), str) or not entry['name'].strip():
            raise ValueError(f'{where}: the key `name` must be a text but is {entry.get("name", "missing")!r}.')
        unknown = sorted(set(entry) - {'name', *_NUMBERS})
        if unknown:
            raise ValueError(f'{where} ({entry["name"]}): unknown key `{unknown[0]}`. Known are name, {_listed()}.')
        for key in _NUMBERS:
            if key == 'fps' and entry.get('fps') is None:
                continue  # not measured
            value = entry.get(key)
            least = 'a number' if key == 'score' else 'a number above 0'
            if key not in entry:
                raise ValueError(f'{where} ({entry["name"]}): the key `{key}` is missing; expected {least}.')
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise ValueError(f'{where} ({entry["name"]}): the key `{key}` is {value!r}; expected {least}.')
            if key != 'score' and value <= 0:
                raise ValueError(f'{where} ({entry["name"]}): the key `{key}` is {value!r}; expected {least}.')
        entries.append(CostEntry(**entry))
    return entries


def _listed() -> str:
    return ', '.join(_NUMBERS)


def join_table_costs(
    table: str | Path, flops: str | Path, split: str = 'val', metric: str = 'mIoU'
) -> list[CostEntry]:
    """Join the scores of a table with the costs of its rows, by the names of their configs.

    Args:
        table: What ``tools/analysis/run_table.py`` wrote, ``TABLE.json``.
        flops: What ``tools/analysis/get_flops.py CONFIG ... --json`` wrote; other configs may be in it.
        split: Split of the scores.
        metric: A metric of the table.

    Returns:
        One entry a row that has a score, in the order of the table.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If a file was not written by that tool, the table has no such score, or a row has no costs.
    """
    rows = _entries(table, 'rows', f'`tools/analysis/run_table.py` ({Path(table).name})')
    results = _entries(flops, 'results', '`tools/analysis/get_flops.py CONFIG ... --json`')
    costs = {Path(result['config']).stem: result['total'] for result in results}
    entries = []
    for row in rows:
        scores = row['splits'].get(split, {})
        if metric not in scores:
            raise ValueError(
                f'{table} has no {metric} on {split} for "{row["row"]}". It has the splits {", ".join(row["splits"])} '
                f'and the metrics {", ".join(next(iter(row["splits"].values()), {}))}.'
            )
        if scores[metric]['ours'] is None:
            continue  # not trained yet
        if row['config'] not in costs:
            raise ValueError(
                f'{flops} has no costs of {row["config"]} ("{row["row"]}"). Count all configs of the table with '
                '`tools/analysis/get_flops.py CONFIG ... --json FILE`.'
            )
        cost = costs[row['config']]
        entries.append(
            CostEntry(row['row'], cost['multiply_adds'] / 1e9, cost['parameters'] / 1e6, scores[metric]['ours'])
        )
    if not entries:
        raise ValueError(f'{table} has no row with a score on {split} yet.')
    return entries


def _entries(path: str | Path, key: str, tool: str) -> list[dict]:
    content = read_json(path, f'what {tool} writes')
    if not isinstance(content, dict) or not isinstance(content.get(key), list):
        raise ValueError(f'{path} has no list `{key}`. Give the file that {tool} writes.')
    return content[key]
