# Copyright (c) mmrrsis contributors.
"""Train and test every row of a paper's table, and print the table with the paper's figures beside.

    python tools/analysis/run_table.py table4 --gpus 2                    # full size, on the paper's data set
    python tools/analysis/run_table.py table4 --scale tiny --data synthrs --seeds 0 1 --jobs 2 --iters 500

Rows that are done are kept: run the command again to continue. With ``--scale tiny`` each row's difference from the
full model is applied to the method's small config, which trains on a CPU on SynthRS; such figures are no benchmark
results.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from mmengine.config import DictAction
from prettytable import PrettyTable, TableStyle

from mmrrsis.analysis.ablation_table import AblationTable, TableError, TableRow, find_tables, write_on_other_base
from mmrrsis.engine import iteration_options, load_config

ROOT = Path(__file__).resolve().parents[2]
SYNTHRS_COMMAND = 'python tools/dataset_converters/synthrs.py --out data/synthrs --layout rrsisd --level easy'


@dataclass(frozen=True)
class Run:
    """One training of one row.

    Attributes:
        row: The row.
        seed: Random seed.
        config: Config that is trained.
        work_dir: Where checkpoints, the log and the metrics go.
        options: Changes of the config.
    """

    row: TableRow
    seed: int
    config: Path
    work_dir: Path
    options: dict[str, Any]

    def metrics_file(self, split: str) -> Path:
        """Where the figures of a split are written."""
        return self.work_dir / f'{split}.json'


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('table', help='a table of configs/*/tables.yml, such as table4')
    parser.add_argument('--scale', choices=['full', 'tiny'], default='full', help='size of the models')
    parser.add_argument(
        '--data', choices=['paper', 'synthrs'], help="data set (default: synthrs for the scale tiny, else the paper's)"
    )
    parser.add_argument('--iters', type=int, help="iterations of each training (default: the config's)")
    parser.add_argument('--rows', nargs='+', metavar='N', type=int, help='only these rows, counted from 1')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0], help='train each row once per seed')
    parser.add_argument('--splits', nargs='+', choices=['val', 'test'], help="splits (default: the paper's)")
    parser.add_argument('--work-dir', type=Path, help='folder of all runs (default: work_dirs/tables/TABLE_SCALE)')
    parser.add_argument('--jobs', type=int, default=1, help='trainings at a time; they share the processor cores')
    parser.add_argument('--gpus', type=int, default=1, help='GPUs of one training in full size')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, help='changes of all configs')
    args = parser.parse_args()
    data = 'synthrs' if args.scale == 'tiny' else 'paper'
    if args.data not in (None, data):
        parser.error(f'--scale {args.scale} runs on --data {data}')
    if args.jobs > 1 and args.gpus > 1:
        parser.error('--jobs shares the cores of one machine between trainings on the CPU; with --gpus use one job')
    args.work_dir = (args.work_dir or ROOT / 'work_dirs/tables' / f'{args.table}_{args.scale}').resolve()
    return args


def plan(table: AblationTable, args: argparse.Namespace) -> list[Run]:
    """List the trainings, seed by seed, so that a first complete table is there early."""
    rows = [table.rows[number - 1] for number in args.rows] if args.rows else table.rows
    runs = []
    for seed in args.seeds:
        for row in rows:
            folder = args.work_dir / row.config.stem
            config, options = row.config, {'randomness.seed': seed, **args.cfg_options}
            if args.scale == 'tiny':
                config = write_on_other_base(row.config, table.full, table.tiny, folder / 'config')
                options = {**row.tiny, **options}
            if args.iters:
                options = {**iteration_options(load_config(config), args.iters), **options}
            runs.append(Run(row, seed, config, folder / f'seed{seed}', options))
    return runs


def check_settings(run: Run) -> None:
    """Refuse to mix results of different settings in one folder.

    Raises:
        TableError: If the folder was begun with another config.
    """
    cfg = load_config(run.config)
    cfg.merge_from_dict(run.options)
    file = run.work_dir / 'settings.py'
    if file.is_file() and file.read_text(encoding='utf-8') != cfg.pretty_text:
        raise TableError(
            f'{run.work_dir} was begun with another config (see {file.name} there). Choose another --work-dir, or '
            'delete that folder to train the row anew.'
        )
    root = Path(cfg.train_dataloader.dataset.data_root)
    if not (root if root.is_absolute() else ROOT / root).is_dir():
        hint = f'Write it with: {SYNTHRS_COMMAND}' if 'synthrs' in str(root) else 'See the README on data sets.'
        raise TableError(f'There is no data set in {root}. {hint}')
    run.work_dir.mkdir(parents=True, exist_ok=True)
    file.write_text(cfg.pretty_text, encoding='utf-8')


def call(run: Run, command: list[str], options: dict[str, Any], jobs: int) -> None:
    """Run a script, its output in the run's log.

    Raises:
        TableError: If it fails; the message ends with the last lines of the log.
    """
    command = [*command, '--cfg-options', *(f'{key}={value}'.replace(' ', '') for key, value in options.items())]
    threads = {'OMP_NUM_THREADS': str(max(1, (os.cpu_count() or 1) // jobs))} if jobs > 1 else {}
    log = run.work_dir / 'output.log'
    with log.open('a', encoding='utf-8') as file:
        code = subprocess.run(command, cwd=ROOT, stdout=file, stderr=file, env={**os.environ, **threads}).returncode
    if code:
        tail = '\n'.join(log.read_text(encoding='utf-8').splitlines()[-15:])
        raise TableError(f'{run.row.name}, seed {run.seed}: exit status {code}. The end of {log}:\n{tail}')


def execute(run: Run, splits: list[str], gpus: int, jobs: int) -> None:
    """Train a row unless it is trained, and test it on the splits that miss."""
    missing = [split for split in splits if not run.metrics_file(split).is_file()]
    if not missing:
        return
    python, launcher = [sys.executable], []
    if gpus > 1:
        python = [sys.executable, '-m', 'torch.distributed.run', '--standalone', f'--nproc_per_node={gpus}']
        launcher = ['--launcher', 'pytorch']
    if not (run.work_dir / 'trained').is_file():
        train = [*python, 'tools/train.py', str(run.config), '--work-dir', str(run.work_dir), '--resume', 'auto']
        call(run, [*train, *launcher], run.options, jobs)
        (run.work_dir / 'trained').touch()
    checkpoint = next(iter(sorted(run.work_dir.glob('best_mIoU_*.pth'))), None)
    if checkpoint is None:
        raise TableError(f'The training in {run.work_dir} wrote no best_mIoU_*.pth. Does it evaluate at all?')
    for split in missing:
        test = [*python, 'tools/test.py', str(run.config), str(checkpoint), '--split', split]
        test += ['--work-dir', str(run.work_dir / 'test'), '--out', str(run.metrics_file(split))]
        call(run, [*test, *launcher], run.options, jobs)


def collect(table: AblationTable, runs: list[Run], splits: list[str]) -> list[dict[str, Any]]:
    """Gather the figures of finished runs: mean and standard deviation over the seeds."""
    rows = []
    for row in dict.fromkeys(run.row.config for run in runs):
        mine = [run for run in runs if run.row.config == row]
        entry: dict[str, Any] = {'row': mine[0].row.name, 'config': mine[0].config.stem, 'splits': {}}
        for split in splits:
            files = [run.metrics_file(split) for run in mine if run.metrics_file(split).is_file()]
            found = [json.loads(file.read_text(encoding='utf-8')) for file in files]
            paper = mine[0].row.paper.get(split)
            entry['splits'][split] = {
                metric: {
                    'paper': paper[index] if paper else None,
                    'ours': mean(scores[metric] for scores in found) if found else None,
                    'deviation': stdev(scores[metric] for scores in found) if len(found) > 1 else None,
                    'seeds': len(found),
                }
                for index, metric in enumerate(table.metrics)
            }
        rows.append(entry)
    return rows


def draw(table: AblationTable, rows: list[dict[str, Any]], split: str) -> PrettyTable:
    """Lay out one split: the paper's columns, then ours."""
    drawn = PrettyTable(['row', *(f'{m} (paper)' for m in table.metrics), *(f'{m} (ours)' for m in table.metrics)])
    drawn.align = 'r'
    drawn.align['row'] = 'l'
    for row in rows:
        cells = [row['splits'][split][metric] for metric in table.metrics]
        paper = ['' if cell['paper'] is None else f'{cell["paper"]:.2f}' for cell in cells]
        ours = ['' if cell['ours'] is None else f'{cell["ours"]:.2f}' for cell in cells]
        spread = ['' if cell['deviation'] is None else f' ± {cell["deviation"]:.2f}' for cell in cells]
        drawn.add_row([row['row'], *paper, *(a + b for a, b in zip(ours, spread, strict=True))])
    return drawn


def write(table: AblationTable, runs: list[Run], args: argparse.Namespace, splits: list[str]) -> str:
    """Write the table as text, Markdown and JSON into the work dir, and return the text."""
    rows = collect(table, runs, splits)
    seeds = ', '.join(map(str, args.seeds))
    note = f'Paper: {table.data}, full size. Ours: {args.scale} size, seeds {seeds}, mean ± standard deviation.'
    if args.scale == 'tiny':
        note += ' SynthRS is synthetic: our figures are no benchmark results; only the order of the rows compares.'
    text, markdown = [table.title, note], [f'## {table.title}', '', note]
    for split in splits:
        drawn = draw(table, rows, split)
        text += ['', split, drawn.get_string()]
        drawn.set_style(TableStyle.MARKDOWN)
        markdown += ['', f'### {split}', '', drawn.get_string()]
    stem = args.work_dir / args.table
    stem.with_suffix('.txt').write_text('\n'.join(text) + '\n', encoding='utf-8')
    stem.with_suffix('.md').write_text('\n'.join(markdown) + '\n', encoding='utf-8')
    content = {'table': table.key, 'scale': args.scale, 'seeds': args.seeds, 'rows': rows}
    stem.with_suffix('.json').write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
    return '\n'.join(text)


def main() -> None:
    """Run what is missing, then print the table."""
    args = parse_args()
    try:
        tables = find_tables(ROOT / 'configs')
        if args.table not in tables:
            raise TableError(f'There is no table {args.table!r}. Choose one of {", ".join(tables)}.')
        table = tables[args.table]
        if args.rows and not all(1 <= number <= len(table.rows) for number in args.rows):
            raise TableError(f'--rows {args.rows}: {args.table} has the rows 1 to {len(table.rows)}.')
        splits = args.splits or table.splits
        runs = plan(table, args)
        for run in runs:
            check_settings(run)
        started = time.monotonic()
        with ThreadPoolExecutor(args.jobs) as pool:
            waiting = {pool.submit(execute, run, splits, args.gpus, args.jobs): run for run in runs}
            for count, future in enumerate(as_completed(waiting), start=1):
                run = waiting[future]
                if future.exception():
                    pool.shutdown(cancel_futures=True)
                future.result()
                minutes = (time.monotonic() - started) / 60
                print(f'[{count}/{len(runs)}] {run.row.name}, seed {run.seed}: done ({minutes:.0f} min)', flush=True)
                write(table, runs, args, splits)
    except ValueError as error:
        sys.exit(f'run_table: {error}')
    print('\n' + write(table, runs, args, splits))
    print(f'\nWritten: {args.work_dir / args.table}.txt, .md, .json')


if __name__ == '__main__':
    main()
