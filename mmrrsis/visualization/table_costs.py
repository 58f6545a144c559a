# Copyright (c) mmrrsis contributors.
"""Costs of a table's rows, from what the other tools wrote."""

from pathlib import Path

from .cost_bubbles import CostEntry
from .read_json import read_json


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
