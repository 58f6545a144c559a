# Copyright (c) mmrrsis contributors.
"""Convert the refs of RRSIS-D from a pickle to JSON: ``rrsisd_refs_to_json.py data/rrsisd``."""

import argparse
import sys
from pathlib import Path

from mmrrsis.datasets import ReferringDataError
from mmrrsis.datasets.rrsisd_refs import JSON_NAME, PICKLE_NAME, convert_refs_to_json


def main() -> int:
    """Convert the refs; return 1 where they cannot be read."""
    parser = argparse.ArgumentParser(description=f"Write 'rrsisd/{JSON_NAME}' from 'rrsisd/{PICKLE_NAME}'.")
    parser.add_argument('data_root', type=Path, help='folder of the data set')
    parser.add_argument(
        '--trust-pickle',
        action='store_true',
        help='run whatever code the pickle names; only for a file whose source you trust',
    )
    args = parser.parse_args()
    folder = args.data_root / 'rrsisd'
    try:
        number = convert_refs_to_json(folder / PICKLE_NAME, folder / JSON_NAME, args.trust_pickle)
    except (ReferringDataError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(f"Wrote {number} refs to '{folder / JSON_NAME}'.")
    return 0


if __name__ == '__main__':
    sys.exit(main())
