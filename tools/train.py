# Copyright (c) mmrrsis contributors.
"""Train a referring segmentor: the same as ``mmrrsis train``."""

from mmrrsis.cli.train import main

if __name__ == '__main__':
    main()
