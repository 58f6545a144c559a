# Copyright (c) mmrrsis contributors.
"""Refuse to go on without the packages that the page needs; imported before them."""

from mmrrsis.dependencies import WEB_PACKAGES, check_packages

check_packages('web', WEB_PACKAGES)
