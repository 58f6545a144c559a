# Copyright (c) mmrrsis contributors.
"""Write SynthRS: ``synthrs.py --out data/synthrs --layout rrsisd --level easy --train 2000 --val 200 --test 300``."""

import argparse
import sys
from pathlib import Path

from mmrrsis.datasets.layouts import LAYOUTS
from mmrrsis.datasets.synthesis.dataset_settings import DatasetSettings, write_dataset
from mmrrsis.datasets.synthesis.scene_generator import LEVELS


def main() -> int:
    """Write the data set; return 1 where that is not possible."""
    parser = argparse.ArgumentParser(
        description='Write synthetic aerial scenes with referring expressions in the layout of a benchmark. The data '
        'is synthetic: figures on it are no benchmark results.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('--out', type=Path, required=True, help='folder of the data set, made at the end')
    parser.add_argument('--layout', choices=tuple(LAYOUTS), required=True, help='files of which benchmark')
    parser.add_argument('--level', default='easy', choices=LEVELS, help='how hard the scenes are')
    parser.add_argument('--train', type=int, default=2000, help='number of training scenes')
    parser.add_argument('--val', type=int, default=200, help='number of validation scenes')
    parser.add_argument('--test', type=int, default=300, help='number of test scenes, every third a novel pair')
    parser.add_argument('--seed', type=int, default=0, help='another seed gives other scenes')
    parser.add_argument('--image-size', type=int, default=256, help='height and width in pixels')
    parser.add_argument('--workers', type=int, default=2, help='number of processes')
    args = parser.parse_args()
    try:
        settings = DatasetSettings(
            args.layout, args.level, args.train, args.val, args.test, args.seed, args.image_size
        )
        written = write_dataset(args.out, settings, args.workers)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    if written:
        print(f"Wrote SynthRS to '{args.out}'. It is synthetic: figures on it are no benchmark results.")
    else:
        print(f"'{args.out}' already holds SynthRS with these settings; nothing to do.")
    return 0


if __name__ == '__main__':
    sys.exit(main())
