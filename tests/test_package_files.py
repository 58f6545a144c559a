# Copyright (c) mmrrsis contributors.
from pathlib import Path

import mmrrsis
from mmrrsis.models.encoders.clip_weights import resolve_clip_weights
from mmrrsis.package_files import resolve_package_file


def test_package_files_lie_in_the_weights_folder():
    path = resolve_package_file('package:wordpiece_small.txt')
    assert path == Path(mmrrsis.__file__).parent / 'weights' / 'wordpiece_small.txt'
    assert path.is_file()


def test_other_locations_are_paths(monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert resolve_package_file('~/vocab.txt') == tmp_path / 'vocab.txt'
    assert resolve_package_file('some/package:name') == Path('some/package:name')


def test_clip_weights_use_it():
    path, _ = resolve_clip_weights({}, 'package:clip_tiny_synthrs.safetensors')
    assert path == resolve_package_file('package:clip_tiny_synthrs.safetensors')
