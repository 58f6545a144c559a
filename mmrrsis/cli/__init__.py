# Copyright (c) mmrrsis contributors.
"""The console command ``mmrrsis``."""
