# Copyright (c) mmrrsis contributors.
"""Evaluate a trained referring segmentor."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mmrrsis.package_files import find_config

from .run_options import parse_run_options


def parse_args(arguments: Sequence[str] | None, program: str | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument('config', help='config file, or name of a config of the package')
    parser.add_argument('checkpoint', help='checkpoint file; every parameter must fit the model of the config')
    parser.add_argument('--work-dir', help='folder for logs (default: work_dirs/CONFIG_NAME)')
    parser.add_argument('--out', metavar='JSON', help='write the metrics to this file')
    parser.add_argument('--show-dir', metavar='DIR', help='draw every sample with its prediction into this folder')
    parser.add_argument('--split', choices=['val', 'test'], default='test', help='whose data and metrics to take')
    parser.add_argument(
        '--shuffle-expressions',
        action='store_true',
        help="give every sample another sample's expression, to measure how much the language decides",
    )
    return parse_run_options(parser, arguments)


def apply_options(cfg: Config, args: argparse.Namespace) -> None:
    """Put the options of the command line into the config."""
    # The command line counts more than the config, and the config more than its file name.
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(args.config).stem)
    cfg.load_from = None  # the checkpoint is loaded here, strictly
    cfg.resume = False
    if args.split == 'val':
        cfg.test_dataloader, cfg.test_evaluator = cfg.val_dataloader, cfg.val_evaluator
    if args.shuffle_expressions:
        cfg.test_dataloader.dataset.shuffle_expressions = True
    if args.show_dir:
        cfg.default_hooks.visualization.update(draw=True, out_dir=args.show_dir)


def main(arguments: Sequence[str] | None = None, program: str | None = None) -> None:
    """Evaluate.

    Args:
        arguments: Words of the command line; None takes those of the process.
        program: Name of the command in the help; None takes that of the process.
    """
    args = parse_args(arguments, program)
    # Imported here, so that --help does not load PyTorch.
    import torch
    from mmengine.dist import is_main_process

    from mmrrsis.checkpoint import load_checkpoint
    from mmrrsis.engine import (
        ReproducibleRunner,
        check_config,
        check_tokenizers,
        explain_config_errors,
        explain_out_of_memory,
        load_config,
        prepare_runtime,
    )

    cfg = load_config(find_config(args.config))
    cfg.launcher = args.launcher
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    check_config(cfg)
    apply_options(cfg, args)
    prepare_runtime(cfg)
    with explain_config_errors(cfg), explain_out_of_memory(cfg):
        runner = ReproducibleRunner.from_cfg(cfg)
        check_tokenizers(cfg, runner.model)
        load_checkpoint(runner.model, args.checkpoint)
        metrics = runner.test()
    if args.out and is_main_process():
        out = Path(args.out)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(metrics, indent=2) + '\n', encoding='utf-8')
        print(f'Metrics: {out}')
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
