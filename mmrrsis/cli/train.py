# Copyright (c) mmrrsis contributors.
"""Train a referring segmentor."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from mmrrsis.package_files import find_config

from .run_options import parse_run_options


def parse_args(arguments: Sequence[str] | None, program: str | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument('config', help='config file, or name of a config of the package')
    parser.add_argument('--work-dir', help='folder for logs and checkpoints (default: work_dirs/CONFIG_NAME)')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='latest',
        metavar='CHECKPOINT',
        help='go on from this checkpoint; without a value from the newest whole one in the work dir, which must be '
        'there; `auto`: the same, or begin anew where there is none',
    )
    parser.add_argument(
        '--restart', action='store_true', help='begin anew; checkpoints in the work dir are moved into a folder there'
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision (float32 where there is no accelerator)')
    return parse_run_options(parser, arguments)


def enable_amp(cfg: Config) -> None:
    """Switch the config to mixed precision.

    Raises:
        ValueError: If the config has an optimizer wrapper that is neither of MMEngine's two.
    """
    wrapper = cfg.optim_wrapper
    if wrapper.type == 'AmpOptimWrapper':
        print_log('The config uses mixed precision already.', level=logging.WARNING)
    elif wrapper.get('type', 'OptimWrapper') == 'OptimWrapper':
        wrapper.type = 'AmpOptimWrapper'
        wrapper.loss_scale = 'dynamic'
    else:
        raise ValueError(f'--amp replaces `OptimWrapper`, but `optim_wrapper.type` is `{wrapper.type}`.')


def train(cfg: Config, resume: str | None = None, restart: bool = False) -> None:
    """Train as a config says.

    Args:
        cfg: A whole config with ``launcher`` and ``work_dir``.
        resume: What to go on from, see :func:`mmrrsis.engine.find_resume`; None asks the config's ``resume`` and
            ``load_from``.
        restart: Begin anew although the work directory holds checkpoints.

    Raises:
        FileNotFoundError: If a checkpoint is named that does not exist.
        ResumeError: If the work directory holds checkpoints that are not to be gone on from, or that are all broken.
        CheckpointMismatchError: If the checkpoint does not fit the model of the config.
        ConfigError: If the config asks for something that nothing reads.
    """
    # Imported here, so that --help does not load PyTorch.
    import torch

    from mmrrsis.checkpoint import check_state_dict, unwrap_model
    from mmrrsis.engine import (
        ReproducibleRunner,
        check_custom_keys,
        check_tokenizers,
        explain_config_errors,
        explain_out_of_memory,
        find_resume,
        prepare_runtime,
        take_seed,
    )

    prepare_runtime(cfg)
    if resume is None and cfg.get('resume'):
        resume = cfg.get('load_from') or 'auto'
    found = find_resume(cfg, resume, restart)
    cfg.resume = found is not None
    if found is not None:
        cfg.load_from = str(found[0])
        take_seed(cfg, found[1])
    with explain_config_errors(cfg), explain_out_of_memory(cfg):
        runner = ReproducibleRunner.from_cfg(cfg)
        check_custom_keys(cfg, runner.model)
        check_tokenizers(cfg, runner.model)
        if found is not None:  # the runner itself would go on with whatever fits
            path, content = found
            check_state_dict(unwrap_model(runner.model), content['state_dict'], path)
            del content, found
        runner.train()
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def main(arguments: Sequence[str] | None = None, program: str | None = None) -> None:
    """Train.

    Args:
        arguments: Words of the command line; None takes those of the process.
        program: Name of the command in the help; None takes that of the process.
    """
    args = parse_args(arguments, program)
    # Imported here, so that --help does not load PyTorch.
    from mmrrsis.engine import check_config, load_config

    cfg = load_config(find_config(args.config))
    cfg.launcher = args.launcher
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    check_config(cfg)
    # The command line counts more than the config, and the config more than its file name.
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(args.config).stem)
    if args.amp:
        enable_amp(cfg)
    train(cfg, args.resume, args.restart)
