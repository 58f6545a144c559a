# Copyright (c) mmrrsis contributors.
"""Write VHR10-Ref: ``vhr10_ref.py data/nwpu_vhr10 --out data/vhr10_ref``."""

import argparse
import sys
from pathlib import Path

from mmrrsis.datasets import ReferringDataError
from mmrrsis.datasets.layouts import LAYOUTS
from mmrrsis.datasets.layouts.set_writer import write_set
from mmrrsis.datasets.photographs import vhr10_ref
from mmrrsis.datasets.photographs.vhr10_ref import UNLISTED


def main() -> int:
    """Write the data set; return 1 where that is not possible."""
    parser = argparse.ArgumentParser(
        description='Write windows of the photographs of NWPU VHR-10 with expressions made from their masks. '
        'The photographs may be used for research only, and so may what is made of them.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('root', type=Path, help="NWPU VHR-10: 'positive image set' (or 'positive'), annotations.json")
    parser.add_argument('--out', type=Path, required=True, help='folder of the data set, made at the end')
    parser.add_argument('--layout', choices=tuple(LAYOUTS), default='rrsisd', help='files of which benchmark')
    parser.add_argument('--seed', type=int, default=0, help='another seed gives other windows and wordings')
    parser.add_argument('--image-size', type=int, default=256, help='height and width in pixels')
    parser.add_argument(
        '--unlisted', choices=UNLISTED, default='error', help='split of photographs that the split lists do not name'
    )
    parser.add_argument('--workers', type=int, default=2, help='number of processes')
    args = parser.parse_args()
    try:
        recipe = vhr10_ref(args.root, args.layout, args.seed, args.image_size, args.unlisted)
        written = write_set(args.out, recipe, args.workers)
    except (ReferringDataError, ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    if written:
        print(f"\nWrote VHR10-Ref to '{args.out}'. Its photographs may be used for research only.")
    else:
        print(f"'{args.out}' already holds VHR10-Ref with these settings; nothing to do.")
    return 0


if __name__ == '__main__':
    sys.exit(main())
