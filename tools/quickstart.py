# Copyright (c) mmrrsis contributors.
"""Data, training, evaluation and pictures in one command; tools/quickstart.sh makes the environment before."""

from mmrrsis.cli.quickstart import main

if __name__ == '__main__':
    main()
