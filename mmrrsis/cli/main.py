# Copyright (c) mmrrsis contributors.
"""The command ``mmrrsis``: choose a subcommand, and show errors of users without a traceback."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

# OpenCV warns for every geographic tag of a GeoTIFF; the variable is read when OpenCV is imported.
os.environ.setdefault('OPENCV_LOG_LEVEL', 'ERROR')

#: Each is a module of this folder with ``main(arguments, program)``, imported when it is called: PyTorch takes
#: seconds, and only some commands need the extra ``geo``.
COMMANDS = {
    'segment': 'segment what sentences refer to in a georeferenced scene',
    'train': 'train a model (tools/train.py)',
    'test': 'evaluate a model (tools/test.py)',
    'info': 'print versions, devices and the data sets that are there',
}


def usage() -> str:
    """Return the help of the command without a subcommand."""
    listed = ''.join(f'  {name:8} {purpose}\n' for name, purpose in COMMANDS.items())
    return (
        f'usage: mmrrsis {{{",".join(COMMANDS)}}} ...\n\nReferring remote sensing image segmentation.\n\n{listed}\n'
        '`mmrrsis COMMAND --help` lists the options of a command. MMRRSIS_TRACEBACK=1 in the environment shows where '
        'errors come\nfrom.\n'
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: Words after ``mmrrsis``; None takes those of the process.

    Returns:
        The exit code: 0 if all went well, 1 after an error, 2 for a wrong command line.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ('-h', '--help'):
        print(usage(), end='')
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in COMMANDS:
        print(f'{usage()}\nmmrrsis: error: there is no command {name!r}.', file=sys.stderr)
        return 2
    try:
        import_module(f'mmrrsis.cli.{name}').main(rest, f'mmrrsis {name}')
    except (ValueError, TypeError, OSError, ImportError) as error:
        if os.environ.get('MMRRSIS_TRACEBACK') == '1':
            raise
        print(f'mmrrsis {name}: {type(error).__name__}: {error}', file=sys.stderr)
        return 1
    return 0
