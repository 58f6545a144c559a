# Copyright (c) mmrrsis contributors.
"""Errors about data sets on disk."""


class ReferringDataError(ValueError):
    """Something in a data set on disk is missing or broken.

    The message names the file and line (or ``ref_id``) and what to do. It is the only required argument, so that
    the error keeps its class when PyTorch hands it from a loader process to the main one.

    Args:
        message: What is wrong, where, and what to do.
        kind: A few words under which equal faults are counted, for example ``'missing image'``.
    """

    def __init__(self, message: str, kind: str = 'broken sample') -> None:
        super().__init__(message)
        self.kind = kind


class ReferringFileNotFoundError(ReferringDataError, FileNotFoundError):
    """A file or folder of a data set is not there."""
