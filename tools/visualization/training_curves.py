# Copyright (c) mmrrsis contributors.
"""Draw loss and validation curves of one or several trainings."""

import argparse
from pathlib import Path

from mmrrsis.analysis import draw_training_curves


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dirs', nargs='+', help='working directories of trainings')
    parser.add_argument('--out', required=True, help='picture to write')
    parser.add_argument('--metric', default='mIoU', help='validation metric (default: %(default)s)')
    args = parser.parse_args()
    print(draw_training_curves({Path(run).name: run for run in args.work_dirs}, args.out, args.metric))


if __name__ == '__main__':
    main()
