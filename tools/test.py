# Copyright (c) mmrrsis contributors.
"""Evaluate a trained referring segmentor: the same as ``mmrrsis test``."""

from mmrrsis.cli.test import main

if __name__ == '__main__':
    main()
