# Copyright (c) mmrrsis contributors.
"""Write SynthRS, train a small CD2FSAN on it, evaluate it and draw what it does.

SynthRS is synthetic: its figures show that everything works, they are no benchmark results. Phases that are done are
skipped, and an interrupted training goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from mmrrsis.engine import iteration_options, load_config

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py'
DEMO_IMAGE = ROOT / 'demo/OSBS_029.tif'
DEMO_EXPRESSION = 'the tree in the center'
LEVEL, LAYOUT = 'easy', 'rrsisd'
PACKAGES = ('mmrrsis', 'torch', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation', 'open_clip_torch')
# Marks of what this script and the data writer wrote; --restart deletes nothing without them.
STATE_FILE, DATA_FILE = 'quickstart_state.json', 'synthrs.json'


class QuickstartError(RuntimeError):
    """What is on disk does not belong to what is asked for."""


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding='utf-8'))


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file in one move, so that an interruption leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix('.partial')
    partial.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
    partial.replace(path)


def hash_files(*places: Path) -> str:
    """Return a hash of the names and contents of files, those in folders included."""
    digest = hashlib.sha256()
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob('*')):
            if path.is_file() and not {'__pycache__', '.mim'} & set(path.relative_to(ROOT).parts):
                digest.update(f'{path.relative_to(ROOT)}\0'.encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def differences(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Name the settings that differ, with both values."""
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return ', '.join(f'{key} (was {old.get(key)}, now {new.get(key)})' for key in keys)


class Phases:
    """What is done in a work dir, and how long it took.

    Args:
        work_dir: The folder of the run.
        settings: Everything that decides the results.

    Raises:
        QuickstartError: If the folder holds a run with other settings.
    """

    def __init__(self, work_dir: Path, settings: dict[str, Any]) -> None:
        self.file = work_dir / STATE_FILE
        self.state = {'settings': settings, 'phases': {}}
        if self.file.is_file():
            self.state = read_json(self.file)
            changed = differences(self.state['settings'], settings)
            if changed:
                raise QuickstartError(
                    f'{work_dir} holds a run with other settings: {changed}. Results of both would be mixed. Choose '
                    'another --work-dir, or delete that run and begin anew with --restart.'
                )
        elif work_dir.is_dir() and any(work_dir.iterdir()):
            raise QuickstartError(f'{work_dir} is not empty and no quickstart run. Choose another --work-dir.')
        write_json(self.file, self.state)

    def run(self, name: str, outputs: Callable[[], list[Path]], function: Callable[[], None]) -> None:
        """Run a phase unless it is done and its outputs are there.

        Args:
            name: Name of the phase.
            outputs: Returns the files that the phase writes; not all of them must exist yet.
            function: The phase. Its seconds count even if it is interrupted.

        Raises:
            QuickstartError: If the phase ends without having written its outputs.
        """
        phase = self.state['phases'].setdefault(name, {'seconds': 0.0, 'done': False})
        if phase['done'] and all(path.exists() for path in outputs()):
            print(f'[{name}] done before, in {phase["seconds"]:.0f} s', flush=True)
            return
        print(f'[{name}] running', flush=True)
        phase['done'] = False
        start = time.monotonic()
        try:
            function()
            missing = [str(path) for path in outputs() if not path.exists()]
            if missing:
                raise QuickstartError(f'The phase {name} ended without writing {", ".join(missing)}.')
            phase['done'] = True
        finally:
            phase['seconds'] = round(phase['seconds'] + time.monotonic() - start, 1)
            write_json(self.file, self.state)
        print(f'[{name}] finished in {phase["seconds"]:.0f} s', flush=True)

    def note(self, name: str, seconds: float) -> None:
        """Note what a phase took that ran before this script; a later call, which finds it done, changes nothing."""
        self.state['phases'].setdefault(name, {'seconds': seconds, 'done': True})
        write_json(self.file, self.state)

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each phase."""
        return {name: phase['seconds'] for name, phase in self.state['phases'].items()}


def call(script: str, *arguments: object) -> None:
    """Run a script of the checkout with this interpreter.

    Raises:
        QuickstartError: If it fails.
    """
    command = [sys.executable, str(ROOT / script), *(str(argument) for argument in arguments)]
    code = subprocess.run(command, check=False).returncode
    if code:
        raise QuickstartError(f'{script} failed with exit status {code}; its message is above.')


def best_checkpoint(work_dir: Path) -> list[Path]:
    """Return the best checkpoint of the training; a name that does not exist while there is none."""
    return sorted(work_dir.glob('best_mIoU_*.pth'))[:1] or [work_dir / 'best_mIoU_*.pth']


def print_summary(summary: dict[str, Any], work_dir: Path) -> None:
    """Print the summary as a table."""
    rows = [
        ('mIoU (val)', f'{summary["mIoU"]:.2f}'),
        ('oIoU (val)', f'{summary["oIoU"]:.2f}'),
        ('mIoU with shuffled expressions', f'{summary["mIoU_shuffled"]:.2f}'),
        ('seed', summary['seed']),
        *((f'seconds: {name}', f'{seconds:.0f}') for name, seconds in summary['seconds'].items()),
        *(summary['versions'].items()),
    ]
    width = max(len(name) for name, _ in rows)
    print('\nSynthRS is synthetic: these figures are no benchmark results.')
    print('\n'.join(f'  {name:<{width}}  {value}' for name, value in rows))
    print(f'\nPictures: contact_sheet.png, training_curves.png and demo.png in {work_dir}')


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run all phases.

    Args:
        args: The command line.

    Returns:
        The summary that is written to ``summary.json``.

    Raises:
        QuickstartError: If a phase fails, or what is on disk has other settings.
    """
    work_dir, data_dir = args.work_dir.resolve(), args.data_dir.resolve()
    if args.restart:
        for folder, mark in ((work_dir, STATE_FILE), (data_dir, DATA_FILE)):
            if (folder / mark).is_file():
                shutil.rmtree(folder)
    cfg = load_config(args.config)
    iters = args.iters or cfg.train_cfg.max_iters
    sizes = {split: getattr(args, split) for split in ('train', 'val', 'test')}
    settings = {
        'data': {'layout': LAYOUT, 'level': LEVEL, **sizes},
        'data_dir': str(data_dir),
        'iters': iters,
        'config': hashlib.sha256(cfg.pretty_text.encode()).hexdigest()[:16],
        'code': hash_files(ROOT / 'mmrrsis', ROOT / 'tools/train.py', ROOT / 'tools/test.py'),
    }
    phases = Phases(work_dir, settings)
    options = [f'{split}_dataloader.dataset.data_root={data_dir}' for split in sizes]
    if args.iters:
        options += [f'{key}={value}' for key, value in iteration_options(cfg, iters).items()]
    options = ['--cfg-options', *options]

    phases.note('environment', args.environment_seconds)
    written = ('--out', data_dir, '--layout', LAYOUT, '--level', LEVEL)
    numbers = [argument for split, size in sizes.items() for argument in (f'--{split}', size)]
    phases.run(
        'data',
        lambda: [data_dir / DATA_FILE],
        lambda: call('tools/dataset_converters/synthrs.py', *written, *numbers),
    )
    phases.run(
        'train',
        lambda: best_checkpoint(work_dir),
        lambda: call('tools/train.py', args.config, '--work-dir', work_dir, '--resume', 'auto', *options),
    )
    (checkpoint,) = best_checkpoint(work_dir)

    def evaluate(name: str, *flags: str) -> None:
        out = work_dir / f'{name}.json'
        test = ('tools/test.py', args.config, checkpoint, '--split', 'val', '--work-dir', work_dir / 'test')
        phases.run(name, lambda: [out], lambda: call(*test, '--out', out, *flags, *options))

    evaluate('metrics')
    evaluate('metrics_shuffled', '--shuffle-expressions')
    sheet, curves, demo = (work_dir / f'{name}.png' for name in ('contact_sheet', 'training_curves', 'demo'))

    def draw() -> None:
        drawn = ('tools/visualization/contact_sheet.py', args.config, checkpoint, '--split', 'val', '--out', sheet)
        call(*drawn, '--title', 'CD2FSAN (tiny) on validation scenes of SynthRS', *options)
        call('tools/visualization/training_curves.py', work_dir, '--out', curves)
        call('demo/image_demo.py', DEMO_IMAGE, DEMO_EXPRESSION, args.config, checkpoint, '--out-file', demo)

    phases.run('pictures', lambda: [sheet, curves, demo], draw)
    metrics = read_json(work_dir / 'metrics.json')
    summary = {
        'mIoU': metrics['mIoU'],
        'oIoU': metrics['oIoU'],
        'mIoU_shuffled': read_json(work_dir / 'metrics_shuffled.json')['mIoU'],
        'seconds': phases.seconds,
        'seed': cfg.randomness.seed,
        'versions': {'python': platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}},
        'settings': settings,
    }
    write_json(work_dir / 'summary.json', summary)
    print_summary(summary, work_dir)
    return summary


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', type=Path, default=CONFIG, help='config file (default: the small CD2FSAN)')
    parser.add_argument('--work-dir', type=Path, default=ROOT / 'work_dirs/quickstart', help='folder for all results')
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data/synthrs', help='folder for SynthRS')
    parser.add_argument('--train', type=int, default=4000, help='training scenes (default: %(default)s)')
    parser.add_argument('--val', type=int, default=150, help='validation scenes (default: %(default)s)')
    parser.add_argument('--test', type=int, default=300, help='test scenes (default: %(default)s)')
    parser.add_argument('--iters', type=int, help="training iterations (default: the config's)")
    parser.add_argument('--environment-seconds', type=float, default=0.0, help=argparse.SUPPRESS)
    parser.add_argument('--restart', action='store_true', help='delete this run and its data, and begin anew')
    args = parser.parse_args(arguments)
    for name in ('train', 'val', 'test', 'iters'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name} must be at least 1 but is {value}')
    return args


def main() -> None:
    """Run all phases; say in one line what is wrong."""
    try:
        run(parse_args())
    except QuickstartError as error:
        sys.exit(f'quickstart: {error}')


if __name__ == '__main__':
    main()
