# Copyright (c) mmrrsis contributors.
"""Tests of a project import its package, as its configs do."""

import sys
from pathlib import Path

sys.path.extend(str(folder) for folder in sorted(Path(__file__).parent.iterdir()) if (folder / 'configs').is_dir())
