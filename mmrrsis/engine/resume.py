# Copyright (c) mmrrsis contributors.
"""Where a training goes on, or that it begins anew."""

import logging
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from mmrrsis.checkpoint_file import read_checkpoint_file

_NUMBERED = re.compile(r'(?:epoch|iter)_(\d+)\.pth')


class ResumeError(ValueError):
    """A training cannot go on, or would begin anew over another one."""


def checkpoint_folder(cfg: Config) -> Path:
    """Return the folder where the checkpoint hook of a config writes."""
    out_dir = (cfg.get('default_hooks') or {}).get('checkpoint', {}).get('out_dir')
    work_dir = Path(cfg.work_dir)
    return Path(out_dir, work_dir.name) if out_dir and Path(out_dir) != work_dir else work_dir


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints ``epoch_N.pth`` and ``iter_N.pth`` of a folder, newest first."""
    found = [(int(match.group(1)), path) for path in folder.glob('*.pth') if (match := _NUMBERED.fullmatch(path.name))]
    return [path for _, path in sorted(found, reverse=True)]


def find_resume(cfg: Config, resume: str | None, restart: bool = False) -> tuple[Path, Mapping[str, Any]] | None:
    """Find the checkpoint that a training goes on from, and read it.

    Checkpoints are looked for in the folder itself, not under the path that ``last_checkpoint`` holds: a copied or
    moved work directory goes on from its own.

    Args:
        cfg: A whole config with ``work_dir``.
        resume: ``latest`` for the newest checkpoint that can be read; ``auto`` for the same, or none where there is no
            checkpoint; the path of a checkpoint; or None to begin anew.
        restart: Begin anew although there are checkpoints. They are moved into a folder ``before_TIME`` beside them.

    Returns:
        The checkpoint's path and content, or None to begin anew.

    Raises:
        FileNotFoundError: If a checkpoint is named, or asked for by ``latest``, that does not exist.
        ResumeError: If there are checkpoints but none can be read, or if they are there and nothing is said of them.
    """
    folder = checkpoint_folder(cfg)
    there = list_checkpoints(folder)
    if restart:
        if resume is not None:
            raise ResumeError('--restart begins anew and --resume goes on: choose one of the two.')
        _move_aside(folder)
        return None
    if resume is None:
        if there:
            raise ResumeError(
                f'{folder} holds checkpoints of a training, the newest is {there[0].name}. Go on with --resume, '
                'begin anew with --restart, which moves them into a folder beside it, or choose another --work-dir.'
            )
        return None
    if resume not in ('auto', 'latest'):
        if not Path(resume).is_file():
            raise FileNotFoundError(f'--resume: there is no checkpoint {resume}.')
        return Path(resume), _read_training_state(Path(resume))
    if not there:
        if resume == 'auto':
            print_log(f'There is no checkpoint in {folder}: the training begins anew.', level=logging.WARNING)
            return None
        raise FileNotFoundError(
            f'--resume: there is no checkpoint epoch_N.pth or iter_N.pth in {folder}. Correct --work-dir, or use '
            '--resume auto to begin anew where there is none.'
        )
    for path in there:
        try:
            return path, _read_training_state(path)
        except ValueError as error:
            print_log(f'{error} It is passed over: --resume goes on from the one before.', level=logging.WARNING)
    raise ResumeError(
        f'None of the checkpoints in {folder} can be read: {", ".join(path.name for path in there)}. Put back a copy, '
        'or begin anew with --restart.'
    )


def _read_training_state(path: Path) -> Mapping[str, Any]:
    """Read a checkpoint that a training can go on from.

    Raises:
        ValueError: If it is damaged, unsafe, or weights alone.
    """
    content = read_checkpoint_file(path)
    lacking = [
        key
        for key in ('meta', 'state_dict', 'message_hub', 'optimizer')
        if not isinstance(content, Mapping) or key not in content
    ]
    if lacking:
        raise ResumeError(
            f'{path} holds no training to go on from: {", ".join(lacking)} is not in it. To start from its weights, '
            'use --cfg-options load_from=PATH.'
        )
    return content


def _move_aside(folder: Path) -> None:
    """Move the checkpoints of a former training out of the way, once for all processes of a launch."""
    if int(os.environ.get('RANK') or os.environ.get('SLURM_PROCID') or 0) != 0:
        return
    former = [*list_checkpoints(folder), *folder.glob('best_*.pth'), *folder.glob('last_checkpoint')]
    if former:
        target = folder / time.strftime('before_%Y%m%d_%H%M%S')
        target.mkdir()
        for path in former:
            path.rename(target / path.name)
        print_log(f'The checkpoints of a former training were moved to {target}.', level=logging.WARNING)


def take_seed(cfg: Config, checkpoint: Mapping[str, Any]) -> None:
    """Go on with the seed of a checkpoint: order of samples and every random draw follow from it.

    Args:
        cfg: A whole config; ``randomness.seed`` is changed in place, and a warning says so if it was another.
        checkpoint: Content of a checkpoint.
    """
    seed = checkpoint['meta'].get('seed')
    if seed is None:
        return
    own = cfg.setdefault('randomness', {}).get('seed')
    if own is not None and own != seed:
        print_log(f'The training goes on with its seed {seed}, not with randomness.seed={own}.', level=logging.WARNING)
    cfg.randomness['seed'] = seed
