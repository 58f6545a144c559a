# Copyright (c) mmrrsis contributors.
"""Write a data set, train a small CD2FSAN on it, evaluate it and draw what it does.

By default the set is SynthRS. It is synthetic: its figures show that everything works, they are no benchmark results.
With --data vhr10 --data-root DIR it is VHR10-Ref, made of the photographs of NWPU VHR-10 in DIR. Phases that are done
are skipped, and an interrupted training goes on from its last checkpoint.
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
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from mmrrsis.engine import iteration_options, load_config
from mmrrsis.package_files import packaged_folder

#: The checkout, whose scripts are called and in which data and results are written.
ROOT = packaged_folder('tools').resolve().parent
DEMO_IMAGE = ROOT / 'demo/airplanes.jpg'
DEMO_EXPRESSION = 'the airplane on the left'
LEVEL, LAYOUT = 'easy', 'rrsisd'
SCENES = dict(train=4000, val=150, test=300)
PACKAGES = ('mmrrsis', 'torch', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation', 'open_clip_torch')
# Mark of what this script wrote; --restart deletes nothing without it.
STATE_FILE = 'quickstart_state.json'
SPLITS = ('train', 'val', 'test')


class DataChoice(NamedTuple):
    """A data set that can be chosen.

    Attributes:
        config: Its config.
        folder: Where it is written by default.
        work_dir: Where results go by default.
        mark: The file by which --restart knows a folder that the writer wrote.
        script: Writes it.
        title: Of the contact sheet.
        note: What must be said of the figures.
    """

    config: Path
    folder: Path
    work_dir: Path
    mark: str
    script: str
    title: str
    note: str


DATA = {
    'synthrs': DataChoice(
        ROOT / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py',
        ROOT / 'data/synthrs',
        ROOT / 'work_dirs/quickstart',
        'synthrs.json',
        'tools/dataset_converters/synthrs.py',
        'CD2FSAN (tiny) on validation scenes of SynthRS',
        'SynthRS is synthetic: these figures are no benchmark results.',
    ),
    'vhr10': DataChoice(
        ROOT / 'configs/cd2fsan/cd2fsan_small_vhr10.py',
        ROOT / 'data/vhr10_ref',
        ROOT / 'work_dirs/quickstart_vhr10',
        'vhr10.json',
        'tools/dataset_converters/vhr10_ref.py',
        'CD2FSAN (small) on validation photographs of VHR10-Ref',
        'The photographs are for research only, and so is the trained model.',
    ),
}


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


def pretrained_files(part: Any) -> Iterator[Path]:
    """Yield the files and folders of pretrained weights that a part of a config names."""
    if isinstance(part, dict):
        name = part.get('pretrained')
        if isinstance(name, str) and name.startswith('data/'):
            yield Path(name)
        for value in part.values():
            yield from pretrained_files(value)


def print_summary(summary: dict[str, Any], work_dir: Path, choice: DataChoice) -> None:
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
    print(f'\n{choice.note}')
    print('\n'.join(f'  {name:<{width}}  {value}' for name, value in rows))
    print(f'\nPictures: {", ".join(sorted(path.name for path in work_dir.glob("*.png")))} in {work_dir}')


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run all phases.

    Args:
        args: The command line.

    Returns:
        The summary that is written to ``summary.json``.

    Raises:
        QuickstartError: If a phase fails, or what is on disk has other settings.
    """
    choice = DATA[args.data]
    work_dir, data_dir = args.work_dir.resolve(), args.data_dir.resolve()
    if args.restart:
        for folder, mark in ((work_dir, STATE_FILE), (data_dir, choice.mark)):
            if (folder / mark).is_file():
                shutil.rmtree(folder)
    cfg = load_config(args.config)
    iters = args.iters or cfg.train_cfg.max_iters
    absent = [str(path) for path in pretrained_files(cfg.model) if not path.exists()]
    if absent:
        raise QuickstartError(
            f'{args.config} starts from pretrained weights that are not there: {", ".join(absent)}. '
            'mmrrsis/weights/README.md says how to get them; run this in the folder in which data/ lies.'
        )
    sizes = {split: getattr(args, split) for split in SPLITS}
    if args.data == 'synthrs':
        made_of = {'layout': LAYOUT, 'level': LEVEL, **sizes}
        numbers = [text for split, size in sizes.items() for text in (f'--{split}', str(size))]
        written = ['--level', LEVEL, *numbers]
    else:
        made_of = {'layout': LAYOUT, 'root': str(args.data_root.resolve()), 'unlisted': args.unlisted}
        written = [str(args.data_root), '--unlisted', args.unlisted]
    settings = {
        'data': made_of,
        'data_dir': str(data_dir),
        'iters': iters,
        'config': hashlib.sha256(cfg.pretty_text.encode()).hexdigest()[:16],
        'code': hash_files(ROOT / 'mmrrsis', ROOT / 'tools/train.py', ROOT / 'tools/test.py'),
    }
    phases = Phases(work_dir, settings)
    options = [f'{split}_dataloader.dataset.data_root={data_dir}' for split in SPLITS]
    if args.iters:
        options += [f'{key}={value}' for key, value in iteration_options(cfg, iters).items()]
    options = ['--cfg-options', *options]

    phases.note('environment', args.environment_seconds)
    phases.run(
        'data',
        lambda: [data_dir / choice.mark],
        lambda: call(choice.script, *written, '--out', data_dir, '--layout', LAYOUT),
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
        call(*drawn, '--title', choice.title, *options)
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
    print_summary(summary, work_dir, choice)
    return summary


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', choices=tuple(DATA), default='synthrs', help='data set (default: %(default)s)')
    parser.add_argument('--data-root', type=Path, help='with --data vhr10: folder of NWPU VHR-10')
    parser.add_argument(
        '--unlisted',
        choices=('error', *SPLITS),
        default='error',
        help='with --data vhr10: split of photographs that the split lists do not name (default: %(default)s)',
    )
    parser.add_argument('--config', type=Path, help='config file (default: a small CD2FSAN for the data set)')
    parser.add_argument('--work-dir', type=Path, help='folder for all results (default: below work_dirs)')
    parser.add_argument('--data-dir', type=Path, help='folder for the written data set (default: below data)')
    for split, size in SCENES.items():
        parser.add_argument(f'--{split}', type=int, help=f'scenes of SynthRS for {split} (default: {size})')
    parser.add_argument('--iters', type=int, help="training iterations (default: the config's)")
    parser.add_argument('--environment-seconds', type=float, default=0.0, help=argparse.SUPPRESS)
    parser.add_argument('--restart', action='store_true', help='delete this run and its data, and begin anew')
    args = parser.parse_args(arguments)
    for name in ('train', 'val', 'test', 'iters'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name} must be at least 1 but is {value}')
    choice = DATA[args.data]
    if args.data == 'synthrs':
        if args.data_root or args.unlisted != 'error':
            parser.error('--data-root and --unlisted belong to --data vhr10; SynthRS is generated')
        for split, size in SCENES.items():
            setattr(args, split, getattr(args, split) or size)
    elif args.data_root is None:
        parser.error(f'--data {args.data} needs --data-root, the folder of NWPU VHR-10 (see docs/vhr10_ref.md)')
    elif any(getattr(args, split) for split in SPLITS):
        parser.error(f'--train, --val and --test are numbers of scenes of SynthRS; --data {args.data} takes all')
    args.config = args.config or choice.config
    args.work_dir = args.work_dir or choice.work_dir
    args.data_dir = args.data_dir or choice.folder
    return args


def main(arguments: list[str] | None = None) -> None:
    """Run all phases; say in one line what is wrong."""
    try:
        run(parse_args(arguments))
    except QuickstartError as error:
        sys.exit(f'quickstart: {error}')
