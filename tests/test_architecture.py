# Copyright (c) mmrrsis contributors.
"""The table of rooms in docs/architecture.md is true: folders exist, and no file imports what its room must not."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / 'docs/architecture.md'


def rooms():
    """Yield each room's path with the modules that it must not import, and those it may import all the same."""
    table = PAGE.read_text(encoding='utf-8').split('## Rooms')[1].split('\n## ')[0]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split('|')[1:-1]]
        if len(cells) != 3 or not cells[0].startswith('`mmrrsis'):
            continue
        (path,) = re.findall(r'`(.+?)`', cells[0])
        allowed = re.findall(r'`(.+?)`', cells[2].split('except')[1]) if 'except' in cells[2] else []
        forbidden = re.findall(r'`(.+?)`', cells[2].split('except')[0])
        yield path, tuple(forbidden), tuple(allowed)


ROOMS = list(rooms())


def imported_modules(path, package):
    """Return every module that a file imports, also inside functions, by its full name."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = '.'.join([*base, *([node.module] if node.module else [])])
            # `from mmrrsis import models` imports a module too.
            modules.update([module, *(f'{module}.{alias.name}' for alias in node.names)])
    return modules


def is_inside(module, rooms):
    return any(module == room or module.startswith(f'{room}.') for room in rooms)


def violations(path, forbidden, allowed):
    package = list(path.relative_to(ROOT).parent.parts)
    return sorted(
        module
        for module in imported_modules(path, package)
        if is_inside(module, forbidden) and not is_inside(module, allowed) and module not in ('mmrrsis', '')
    )


@pytest.mark.parametrize(('room', 'forbidden', 'allowed'), ROOMS, ids=[room for room, *_ in ROOMS])
def test_rooms_import_only_what_they_may(room, forbidden, allowed):
    place = ROOT / room
    assert place.exists(), f'{PAGE.name} names {room}, which is not there'
    files = sorted(place.rglob('*.py')) if place.is_dir() else [place]
    assert files
    found = {str(file.relative_to(ROOT)): violations(file, forbidden, allowed) for file in files}
    assert not {file: modules for file, modules in found.items() if modules}


def test_every_room_of_the_package_is_in_the_table():
    listed = {room for room, *_ in ROOMS}
    for place in sorted((ROOT / 'mmrrsis').iterdir()):
        if (place / '__init__.py').is_file():
            assert any(room.startswith(f'mmrrsis/{place.name}/') for room in listed), f'{place.name} has no row'


def test_a_violation_is_found(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), 'ROOT', tmp_path)
    file = tmp_path / 'mmrrsis/models/necks/a.py'
    file.parent.mkdir(parents=True)
    for text, expected in (
        ('from mmrrsis.datasets import x', ['mmrrsis.datasets', 'mmrrsis.datasets.x']),
        ('def f():\n    from ...datasets.errors import E', ['mmrrsis.datasets.errors', 'mmrrsis.datasets.errors.E']),
        ('from mmrrsis import datasets', ['mmrrsis.datasets']),
        ('import mmrrsis.structures', []),
    ):
        file.write_text(text)
        assert violations(file, ('mmrrsis.datasets',), ()) == expected
