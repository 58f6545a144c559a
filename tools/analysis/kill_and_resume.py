# Copyright (c) mmrrsis contributors.
"""Kill a training with SIGKILL at random moments, resume it, and compare its end with that of a run never stopped.

Every second kill comes while a checkpoint is half written, the others at a random time after the first
checkpoint. Prints a table; the exit status is 1 if any run ended otherwise. For Linux and trainings of seconds on a
CPU, with one or several processes.
"""

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import torch
from mmengine.fileio import LocalBackend
from prettytable import PrettyTable

from mmrrsis.checkpoint_file import read_checkpoint_file, tensor_digest
from mmrrsis.cli.train import main as train
from mmrrsis.engine.resume import list_checkpoints

Launch = list[Any]  # processes of multiprocessing's fork context


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a short training')
    parser.add_argument('--work-dir', type=Path, required=True, help='folder for all runs; its content is deleted')
    parser.add_argument('--kills', type=int, default=20, help='runs to kill (default: %(default)s)')
    parser.add_argument('--processes', type=int, default=1, help='processes of each run (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the moments')
    parser.add_argument('--cfg-options', nargs='+', default=[], help='changes of the config, as for tools/train.py')
    return parser.parse_args()


def _die_in_write(which: int) -> None:
    """Let this process kill itself in the middle of its ``which``-th write of a checkpoint."""
    put, count = LocalBackend.put, 0

    def write(backend: LocalBackend, content: bytes, path: str) -> None:
        nonlocal count
        count += 1
        if count == which:
            put(backend, content[: len(content) // 2], path)
            os.kill(os.getpid(), signal.SIGKILL)
        put(backend, content, path)

    LocalBackend.put = write  # type: ignore[method-assign]


def _train(arguments: list[str], rank: int, processes: int, port: int, log: Path, which_write: int | None) -> None:
    """Run the training's command line in this process."""
    os.setsid()
    with log.open('a') as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if processes > 1:
        address = dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port), WORLD_SIZE=str(processes))
        os.environ.update(address, RANK=str(rank), LOCAL_RANK=str(rank))
        arguments = ['--launcher', 'pytorch', *arguments]
    if which_write is not None and rank == 0:
        _die_in_write(which_write)
    train(arguments)


def launch(args: argparse.Namespace, work_dir: Path, which_write: int | None = None) -> Launch:
    """Start a training that goes on from where it is."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    arguments = [args.config, '--work-dir', str(work_dir), '--resume', 'auto']
    if args.cfg_options:
        arguments += ['--cfg-options', *args.cfg_options]
    context = multiprocessing.get_context('fork')  # the libraries are loaded once, for all runs
    log = work_dir.with_suffix('.log')
    started = [
        context.Process(target=_train, args=(arguments, rank, args.processes, port, log, which_write))
        for rank in range(args.processes)
    ]
    for process in started:
        process.start()
    return started


def kill(started: Launch) -> None:
    """Kill the processes of a launch and their loaders."""
    for process in started:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:  # ended, or not yet a group of its own
            process.kill()
    for process in started:
        process.join()


def await_checkpoint(work_dir: Path, started: Launch) -> None:
    """Wait for the first checkpoint, or the end of a launch."""
    while not list_checkpoints(work_dir) and started[0].is_alive():
        time.sleep(0.005)


def finish(started: Launch, work_dir: Path) -> None:
    """Wait for the end of a launch.

    Raises:
        RuntimeError: If it failed.
    """
    for process in started:
        process.join()
    if any(process.exitcode for process in started):
        raise RuntimeError(f'The training failed; see {work_dir.with_suffix(".log")}.')


def _tensors(node: Any, path: str = '') -> dict[str, torch.Tensor]:
    """Return the tensors and numbers of a nested container by their paths."""
    if isinstance(node, torch.Tensor):
        return {path: node}
    if isinstance(node, (bool, int, float)):
        return {path: torch.tensor(node)}
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, (list, tuple)) else ()
    return {name: value for key, part in entries for name, value in _tensors(part, f'{path}/{key}').items()}


def final_state(work_dir: Path) -> dict[str, str]:
    """Return what a training ended with: newest loss and score, and digests of everything it would go on from."""
    content = read_checkpoint_file(list_checkpoints(work_dir)[0])
    hub = content['message_hub']
    logs = {key: buffer.data for key, buffer in hub['log_scalars'].items() if 'time' not in key}
    history = {f'{key}/{i}': torch.as_tensor(part) for key, parts in logs.items() for i, part in enumerate(parts)}
    state = {key: content[key] for key in ('state_dict', 'optimizer', 'param_schedulers')}
    (best,) = work_dir.glob('best_*.pth')
    return {
        'last': f'{content["meta"]["epoch"]}/{content["meta"]["iter"]}',
        'loss': repr(float(logs['train/loss'][0][-1])),
        'best': f'{hub["runtime_info"]["best_score"]!r} {best.stem}',
        'best weights': tensor_digest(read_checkpoint_file(best)['state_dict'])[:12],
        'state': tensor_digest(_tensors(state))[:12],
        'history': tensor_digest(history)[:12],
    }


def main() -> None:
    """Run, kill, resume, compare."""
    args = parse_args()
    shutil.rmtree(args.work_dir, ignore_errors=True)
    args.work_dir.mkdir(parents=True)
    started = launch(args, args.work_dir / 'whole')
    await_checkpoint(args.work_dir / 'whole', started)
    begin = time.monotonic()
    finish(started, args.work_dir / 'whole')
    seconds = time.monotonic() - begin
    expected = final_state(args.work_dir / 'whole')
    table = PrettyTable(['killed', 'left behind', *expected, 'equal'])
    table.add_row(['never', '', *expected.values(), ''])
    draw = random.Random(args.seed)
    equal = 0
    for number in range(args.kills):
        work_dir = args.work_dir / f'killed_{number}'
        if number % 2:
            which = draw.randint(1, 4)
            moment = f'in write {which}'
            started = launch(args, work_dir, which)
            started[0].join()
        else:
            after = draw.uniform(0, 0.9) * seconds
            moment = f'after {after:.1f} s'
            started = launch(args, work_dir)
            await_checkpoint(work_dir, started)
            started[0].join(after)
        kill(started)
        left = [path.name for path in sorted(work_dir.glob('*')) if path.suffix in ('.pth', '.partial')]
        finish(launch(args, work_dir), work_dir)
        state = final_state(work_dir)
        equal += state == expected
        table.add_row([moment, ' '.join(left), *state.values(), 'yes' if state == expected else 'NO'])
    print(table.get_string())
    print(json.dumps(dict(kills=args.kills, equal=equal, processes=args.processes)))
    sys.exit(equal != args.kills)


if __name__ == '__main__':
    main()
