# Copyright (c) mmrrsis contributors.
"""The oldest versions that are tested are the oldest that the requirements allow."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

FOLDER = Path(__file__).parents[1] / 'requirements'


def read(name):
    lines = (line.split('#')[0].strip() for line in (FOLDER / f'{name}.txt').read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def test_oldest_versions_are_the_lower_bounds():
    bounds = {}
    for name in ('install', 'geo', 'web', 'mmpretrain'):
        for requirement in read(name):
            (bound,) = (part for part in requirement.specifier if part.operator == '>=')
            bounds[requirement.name] = bound.version
    pins = {}
    for requirement in read('oldest'):
        (pin,) = requirement.specifier
        assert pin.operator == '==', requirement
        pins[requirement.name] = pin.version
    assert pins == bounds


@pytest.mark.parametrize('path', sorted(FOLDER.glob('*.txt')), ids=lambda path: path.name)
def test_every_requirement_has_a_lower_bound(path):
    for requirement in read(path.stem):
        assert any(part.operator in ('>=', '==') for part in requirement.specifier), requirement
