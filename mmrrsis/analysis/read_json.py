# Copyright (c) mmrrsis contributors.
"""Read a JSON file that a user names."""

import json
from pathlib import Path
from typing import Any


def read_json(path: str | Path, purpose: str) -> Any:
    """Read a JSON file.

    Args:
        path: The file.
        purpose: What it should hold, for the errors: "the metrics that ... writes".

    Returns:
        Its content.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no JSON; file, line and column are named.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'There is no file {path}. Give {purpose}.')
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f'{path} is no JSON: {error}. Give {purpose}.') from error
