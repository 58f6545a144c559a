# Copyright (c) mmrrsis contributors.
"""Count the parameters and multiply-adds of models, by component, or of a published efficiency table.

Counted is one call with one image and one expression, text encoder included. A multiply-add (MAC) is one
multiplication with its addition; FLOPs are twice as many. The columns:

  parameters, trainable   of the model, in millions
  multiply-adds           of every convolution and matrix product that runs, in 10^9
  attention               the part of them that are attention products (Q K^T and attention x V)
  without attention       the rest
  module hooks            what counters that hook modules (thop, ptflops) see: nn.Conv* and nn.Linear alone, which
                          leaves out the projections of nn.MultiheadAttention and all functional products

The weights are not loaded: they change no count.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import mmengine
from mmengine.config import DictAction
from prettytable import PrettyTable

from mmrrsis.analysis import Cost, count_complexity, example_batch
from mmrrsis.apis import init_segmentor

ROOT = Path(__file__).resolve().parents[2]
TABLES = Path(__file__).with_name('efficiency_tables.yml')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='*', metavar='CONFIG', help='config files')
    parser.add_argument(
        '--shape',
        nargs=2,
        type=int,
        metavar=('H', 'W'),
        help='input size (default: that of Resize in the test pipeline)',
    )
    parser.add_argument('--table', help='count the models of a published table instead, for example table6')
    parser.add_argument('--fps', metavar='JSON', help="with --table: throughput from benchmark.py's --json")
    parser.add_argument('--json', metavar='FILE', help='write the numbers to this file')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='changes of the configs, key=value')
    args = parser.parse_args(argv)
    if bool(args.configs) == bool(args.table):
        parser.error('give one or more configs, or --table')
    if args.fps and not args.table:
        parser.error('--fps goes with --table')
    if args.shape and min(args.shape) < 1:
        parser.error(f'--shape must be positive but is {args.shape[0]} {args.shape[1]}')
    return args


def count(config: str | Path, shape: list[int] | None, cfg_options: dict[str, Any] | None) -> dict[str, Any]:
    """Count one model.

    Returns:
        ``config``, ``shape``, ``tokens``, ``total``, ``parts`` (encoder, neck, head) and their ``components``.

    Raises:
        ValueError: If the model cannot run on ``shape``.
    """
    model = init_segmentor(config, device='cpu', cfg_options=cfg_options)
    inputs, samples = example_batch(model, shape=None if shape is None else tuple(shape))
    try:
        components = count_complexity(model, inputs, samples, mode='tensor')
    except (ValueError, RuntimeError) as error:
        if shape is None:
            raise
        raise ValueError(
            f'{config} cannot run on the --shape {shape[0]} {shape[1]}: {error} Give another shape, or change the '
            'model with it: --cfg-options model.encoder.image_size=SIZE for an encoder of fixed size.'
        ) from error
    parts: dict[str, Cost] = {}
    for name, cost in components.items():
        part = name.split('.')[0]
        parts[part] = parts.get(part, Cost()) + cost
    return dict(
        config=str(config),
        shape=list(inputs.shape[-2:]),
        tokens=len(samples[0].text),
        total=sum(parts.values(), Cost()).to_dict(),
        parts={name: cost.to_dict() for name, cost in parts.items()},
        components={name: cost.to_dict() for name, cost in components.items()},
    )


def new_table(*columns: str) -> PrettyTable:
    """Start a table whose first column is text and whose others are numbers."""
    table = PrettyTable(columns)
    table.align = 'r'
    table.align[columns[0]] = 'l'
    return table


def component_table(result: dict[str, Any]) -> PrettyTable:
    """Lay out one model: components, subtotals of encoder, neck and head, total."""
    table = new_table(
        'component',
        'parameters (M)',
        'trainable (M)',
        'multiply-adds (G)',
        'attention (G)',
        'without attention (G)',
        'module hooks (G)',
    )

    def add(name: str, cost: dict[str, int], divider: bool = False) -> None:
        millions = (f'{cost[key] / 1e6:.3f}' for key in ('parameters', 'trainable'))
        keys = ('multiply_adds', 'attention', 'products', 'module_hooks')
        table.add_row((name, *millions, *(f'{cost[key] / 1e9:.3f}' for key in keys)), divider=divider)

    for part, cost in result['parts'].items():
        components = {name: own for name, own in result['components'].items() if name.split('.')[0] == part}
        add(part, cost, divider=set(components) == {part})
        if set(components) != {part}:
            for name, own in components.items():
                add(f'  {name}', own, divider=name == list(components)[-1])
    add('total', result['total'])
    return table


def read_table(name: str) -> dict[str, Any]:
    """Read a published table.

    Raises:
        ValueError: If there is no such table.
    """
    tables = mmengine.load(str(TABLES))
    if name not in tables:
        raise ValueError(f'There is no table `{name}` in {TABLES}. Known are {", ".join(tables)}.')
    return tables[name]


def read_fps(path: str, configs: list[str]) -> tuple[dict[str, float], str]:
    """Read throughputs at batch size 1.

    Args:
        path: What benchmark.py wrote with --json.
        configs: The configs that are looked for, known by the names of their files.

    Returns:
        Samples per second by file name, and on what they were measured.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file holds none of the configs at batch size 1.
    """
    measured = mmengine.load(path)
    names = {Path(config).name for config in configs}
    single = {
        Path(row['config']).name: row['throughput'] for row in measured.get('results', ()) if row['batch_size'] == 1
    }
    if not names & single.keys():
        raise ValueError(
            f'{path} holds none of {", ".join(sorted(names))} at batch size 1. Write it with '
            'tools/analysis/benchmark.py CONFIG ... --batch-size 1 --json FILE.'
        )
    return single, f'{measured["device"]}, {measured["dtype"]}'


def published_table(rows: list[dict[str, Any]], with_fps: bool) -> PrettyTable:
    """Lay out a published table with our numbers beside it; ``rows`` as :func:`compare` makes them."""
    columns = (
        'row',
        'parameters (M), paper',
        'ours',
        'difference %',
        '"FLOPs" (G), paper',
        'multiply-adds',
        'without attention',
        'module hooks',
    )
    table = new_table(*columns, *(('FPS, paper', 'FPS') if with_fps else ()))
    for row in rows:
        ours = row['ours']
        values = [
            row['name'],
            f'{row["parameters"]:.2f}',
            f'{ours["parameters"] / 1e6:.2f}',
            f'{row["difference_percent"]:+.2f}',
            f'{row["multiply_adds"]:.2f}',
            *(f'{ours[key] / 1e9:.2f}' for key in ('multiply_adds', 'products', 'module_hooks')),
        ]
        if with_fps:
            measured = row['measured_fps']
            values += [f'{row["fps"]:.2f}', '-' if measured is None else f'{measured:.2f}']
        table.add_row(values)
    return table


def compare(args: argparse.Namespace) -> dict[str, Any]:
    """Count the models of a published table and print it."""
    published = read_table(args.table)
    fps, device = read_fps(args.fps, [row['config'] for row in published['rows']]) if args.fps else ({}, None)
    rows = []
    for row in published['rows']:
        result = count(ROOT / row['config'], args.shape, args.cfg_options)
        difference = 100 * (result['total']['parameters'] / (row['parameters'] * 1e6) - 1)
        rows.append(dict(row, difference_percent=difference, ours=result['total'], components=result['components']))
        if args.fps:
            rows[-1]['measured_fps'] = fps.get(Path(row['config']).name)
    print(f'{published["title"]}. Ours: {describe(result)}')
    print(published_table(rows, with_fps=bool(args.fps)))
    if args.fps:
        print(f'FPS measured on {device}, batch size 1.')
    return dict(table=args.table, title=published['title'], fps_device=device, rows=rows)


def describe(result: dict[str, Any]) -> str:
    """Say what was counted."""
    height, width = result['shape']
    return (
        f'one {height}x{width} image, one expression of {result["tokens"]} tokens; FLOPs are twice the multiply-adds.'
    )


def main(argv: list[str] | None = None) -> None:
    """Count and print."""
    args = parse_args(argv)
    if args.table:
        output = compare(args)
    else:
        output = dict(results=[])
        for config in args.configs:
            result = count(config, args.shape, args.cfg_options)
            print(f'{config}: {describe(result)}')
            print(component_table(result))
            output['results'].append(result)
    if args.json:
        path = Path(args.json)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(output, indent=2) + '\n', encoding='utf-8')
        print(f'Numbers: {path}')


if __name__ == '__main__':
    main()
