# Copyright (c) mmrrsis contributors.
"""Run the scripts of ``tools/``."""

import importlib.util
import sys
from collections.abc import Sequence

from mmrrsis.package_files import find_config, packaged_folder


def run_tool(name: str, arguments: Sequence[str]) -> None:
    """Run ``tools/NAME.py`` with its own command line.

    Args:
        name: ``train`` or ``test``.
        arguments: Words for the script. The first may be the name of a config of the package instead of a file.

    Raises:
        FileNotFoundError: If the config does not exist.
    """
    arguments = list(arguments)
    if arguments and not arguments[0].startswith('-'):
        arguments[0] = str(find_config(arguments[0]))
    spec = importlib.util.spec_from_file_location(f'mmrrsis_{name}', packaged_folder('tools') / f'{name}.py')
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    before = sys.argv
    sys.argv = [f'mmrrsis {name}', *arguments]  # what the script reads, and its name in the help
    try:
        script.main()
    finally:
        sys.argv = before
