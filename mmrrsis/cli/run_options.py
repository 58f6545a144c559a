# Copyright (c) mmrrsis contributors.
"""Options that training and testing share on the command line."""

import argparse
import os
from collections.abc import Sequence

from mmengine.config import DictAction


def parse_run_options(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Add ``--cfg-options`` and ``--launcher`` to a parser, and read the command line.

    Sets the environment variable ``LOCAL_RANK``, which MMEngine reads, where the launcher has not set it.

    Args:
        parser: A parser with the options of its own.
        arguments: Words of the command line; None takes those of the process.

    Returns:
        The options.
    """
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='changes of the config, key=value; lists as key="[a,b]" or key=a,b, without spaces',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    # torch.distributed.launch passes it; torchrun sets the environment variable instead.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args
