# Copyright (c) mmrrsis contributors.
"""Read a whole data set and report every fault: ``check_dataset.py risbench data/risbench``."""

import argparse
import sys

from mmrrsis.datasets import RefSegRSDataset, RISBenchDataset, RRSISDDataset, SynthRSDataset, VHR10RefDataset
from mmrrsis.datasets.dataset_checker import check_dataset

DATASETS = dict(
    rrsisd=RRSISDDataset,
    refsegrs=RefSegRSDataset,
    risbench=RISBenchDataset,
    synthrs=SynthRSDataset,
    vhr10_ref=VHR10RefDataset,
)


def main() -> int:
    """Check a data set; return 1 where it has faults."""
    parser = argparse.ArgumentParser(
        description='Read annotations, images and masks of a data set and report every fault. Exit code 1 if any.'
    )
    parser.add_argument('dataset', choices=sorted(DATASETS))
    parser.add_argument('data_root', help='folder of the data set')
    parser.add_argument(
        '--split', nargs='+', choices=RRSISDDataset.SPLITS, default=RRSISDDataset.SPLITS, help='default: all three'
    )
    args = parser.parse_args()
    report = check_dataset(DATASETS[args.dataset], args.data_root, args.split)
    print(report.format())
    return 1 if report.num_faults else 0


if __name__ == '__main__':
    sys.exit(main())
