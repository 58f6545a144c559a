# Copyright (c) mmrrsis contributors.
"""Refuse to go on without the packages that georeferenced files need; imported before them."""

from mmrrsis.dependencies import GEO_PACKAGES, check_packages

check_packages('geo', GEO_PACKAGES)
