# Copyright (c) mmrrsis contributors.
"""Choose a subcommand and show errors of users without a traceback."""

import os
import sys
from collections.abc import Callable, Sequence

# OpenCV warns for every geographic tag of a GeoTIFF; the variable is read when OpenCV is imported.
os.environ.setdefault('OPENCV_LOG_LEVEL', 'ERROR')

USAGE = """usage: mmrrsis {segment,train,test,info} ...

Referring remote sensing image segmentation.

  segment  segment what sentences refer to in a georeferenced scene
  train    train a model (tools/train.py)
  test     evaluate a model (tools/test.py)
  info     print versions, devices and the data sets that are there

`mmrrsis COMMAND --help` lists the options of a command. MMRRSIS_TRACEBACK=1 in the environment shows where errors come
from.
"""


def _command(name: str) -> Callable[[Sequence[str]], None]:
    """Import a command when it is called: PyTorch takes seconds, and only some need the extra ``geo``."""
    if name == 'info':
        from .info import run
    elif name == 'segment':
        from .segment import run
    else:
        from .run_tool import run_tool

        return lambda arguments: run_tool(name, arguments)
    return run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: Words after ``mmrrsis``; None takes those of the process.

    Returns:
        The exit code: 0 if all went well, 1 after an error, 2 for a wrong command line.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ('-h', '--help'):
        print(USAGE, end='')
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in ('segment', 'train', 'test', 'info'):
        print(f'{USAGE}\nmmrrsis: error: there is no command {name!r}.', file=sys.stderr)
        return 2
    if os.environ.get('MMRRSIS_TRACEBACK') == '1':
        _command(name)(rest)
        return 0
    try:
        _command(name)(rest)
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f'mmrrsis {name}: {type(error).__name__}: {error}', file=sys.stderr)
        return 1
    return 0
