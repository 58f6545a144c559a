# Copyright (c) mmrrsis contributors.
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from mmrrsis.geo import Tiling
from mmrrsis.geo.scene_options import SceneOptions, SceneOutputs


def test_wrong_arguments_are_named_before_the_model_runs(segment, blocks, model, write_scene, tmp_path):
    scene, mask = write_scene(blocks()), tmp_path / 'm.tif'
    for options, words in (
        (dict(mask=tmp_path / 'm.jpg'), r'extension of the mask .*m.jpg is unknown. Known are .tif, .tiff'),
        (dict(vector=tmp_path / 'v.shp'), r'extension of the vector file .*v.shp is unknown'),
        (dict(picture=tmp_path / 'p.svg'), r'extension of the picture'),
        (dict(), r'nothing to write'),
        (dict(mask=scene), r'must differ from each other and from the scene'),
        (dict(mask=mask, probability=mask), r'must differ'),
        (dict(mask=mask, mode='fine'), r"`mode` must be one of tiled, whole, coarse-to-fine but is 'fine'"),
        (dict(mask=mask, tile=0), r'`tile` must be 1'),
        (dict(mask=mask, overlap=400), r'`overlap` must be between 0 and half of the tile, 256'),
        (dict(mask=mask, threshold=35), r'`threshold` must be in \[0, 1\]'),
        (dict(mask=mask, simplify=-1), r'`simplify`'),
        (dict(mask=mask, batch_size=0), r'`batch_size`'),
        (dict(mask=mask, expressions=' '), r'expression is empty'),
        (dict(mask=mask, expressions=[]), r'no referring expression'),
    ):
        with pytest.raises(ValueError, match=words):
            segment(model, scene, **options)
    with pytest.raises(FileNotFoundError, match=r'none.tif'):
        segment(model, tmp_path / 'none.tif', mask=mask)
    assert model.calls == [] and not mask.exists()


def test_options_are_frozen_and_checked_when_they_are_changed_too():
    options = SceneOptions(threshold=0.5, tiling=Tiling(256, 64))
    with pytest.raises(FrozenInstanceError):
        options.threshold = 0.4
    assert replace(options, threshold=0).tiling.overlap == 64
    for changes, words in (
        (dict(threshold=1.5), r'`threshold` must be in \[0, 1\] but is 1.5'),
        (dict(mode=''), r"`mode` must be one of tiled, whole, coarse-to-fine but is ''"),
        (dict(simplify=-0.5), r'`simplify` must be 0 or more pixels but is -0.5. 0 keeps every corner'),
    ):
        with pytest.raises(ValueError, match=words):
            replace(options, **changes)


def test_outputs_are_listed_and_compared_by_the_file_they_lead_to(tmp_path, monkeypatch):
    outputs = SceneOutputs(vector=Path('v.GPKG'), probability=Path('p.tif'))
    assert outputs.paths == (Path('v.GPKG'), Path('p.tif'))
    monkeypatch.chdir(tmp_path)
    outputs.check_against(Path('scene.tif'))
    with pytest.raises(ValueError, match=r'must differ from each other and from the scene'):
        outputs.check_against(tmp_path / 'new' / '..' / 'p.tif')
