# Copyright (c) mmrrsis contributors.
"""Print the key phrase of every expression, one per line; an empty line where there is none."""

import argparse

from mmrrsis.datasets.key_phrase import KeyPhraseFinder
from mmrrsis.datasets.key_phrase.tagger import TAGGERS


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('expressions', nargs='+', metavar='expression', help='in quotation marks')
    parser.add_argument('--tagger', choices=TAGGERS, default='mmrrsis', help='default: %(default)s')
    return parser.parse_args()


def main() -> None:
    """Find and print."""
    args = parse_args()
    find = KeyPhraseFinder(args.tagger)
    for expression in args.expressions:
        start, end = find(expression) or (0, 0)
        print(' '.join(expression[start:end].split()))


if __name__ == '__main__':
    main()
