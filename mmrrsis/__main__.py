# Copyright (c) mmrrsis contributors.
"""``python -m mmrrsis`` is the command ``mmrrsis``."""

import sys

from .cli.main import main

if __name__ == '__main__':
    sys.exit(main())
