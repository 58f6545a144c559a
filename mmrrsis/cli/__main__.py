# Copyright (c) mmrrsis contributors.
"""The console command as ``python -m mmrrsis.cli``."""

import sys

from .main import main

sys.exit(main())
