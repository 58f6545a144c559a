# Copyright (c) mmrrsis contributors.
"""VHR10-Ref from a generated folder in the published layout."""

import io
import json
import runpy
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mmrrsis.datasets import (
    ReferringDataError,
    ReferringFileNotFoundError,
    RefSegRSDataset,
    RISBenchDataset,
    VHR10RefDataset,
)
from mmrrsis.datasets.expressions import resolve
from mmrrsis.datasets.layouts.set_writer import write_set
from mmrrsis.datasets.photographs import vhr10_ref
from mmrrsis.datasets.photographs.nwpu_vhr10 import read_nwpu_vhr10
from mmrrsis.datasets.photographs.vhr10_ref import read_split_lists

from .fake_nwpu import write_nwpu

ROOT = Path(__file__).resolve().parents[3]
LISTS = read_split_lists()


@pytest.fixture(scope='module')
def nwpu(tmp_path_factory):
    """One photograph of each split."""
    names = [next(name for name in sorted(LISTS) if LISTS[name] == split) for split in ('train', 'val', 'test')]
    return write_nwpu(tmp_path_factory.mktemp('data') / 'nwpu', names)


@pytest.fixture(scope='module')
def scenes(nwpu):
    recipe = vhr10_ref(nwpu, image_size=128)
    return [named for task in recipe.tasks() for named in recipe.make(task)]


def test_split_lists_are_disjoint_and_hold_the_photographs():
    folder = ROOT / 'mmrrsis/datasets/photographs/vhr10_splits'
    lists = {split: (folder / f'{split}.txt').read_text().split() for split in ('train', 'val', 'test')}
    assert sum(map(len, lists.values())) == len(LISTS) == 585
    assert Counter(LISTS.values()) == {split: len(names) for split, names in lists.items()}
    # two photographs of the same place
    assert LISTS['004.jpg'] == LISTS['071.jpg']


def test_every_expression_means_its_target(scenes):
    texts = [
        (named.scene, referral, text)
        for named in scenes
        for referral in named.scene.referrals
        for text in referral.expressions
    ]
    assert len(texts) > 40
    assert len({text for _, _, text in texts}) > 20
    for scene, referral, text in texts:
        assert resolve(text, scene.objects, scene.image.shape[:2]).index == referral.object_index


def test_masks_are_the_pixels_of_the_rectangles(scenes):
    """Rectangles have flat colours that the ground has not."""
    for named in scenes:
        image, ground = named.scene.image.astype(int), np.array((40, 70, 90))
        painted = np.abs(image - ground).sum(-1) > 60
        union = np.any([found.mask for found in named.scene.objects], axis=0)
        assert (painted != union).mean() < 0.03
        for found in named.scene.objects:
            x0, y0, x1, y1 = found.box
            assert found.area == found.mask.sum() == found.mask[y0:y1, x0:x1].sum()


def test_colors_are_named_where_pixels_say_them(scenes):
    seen = Counter()
    for named in scenes:
        for found in named.scene.objects:
            if found.area > 150:
                value = named.scene.image[found.mask].mean(0)
                expected = 'blue' if value[2] > value[0] + 50 else 'white' if value.min() > 180 else 'red'
                assert found.color in (expected, None)
                seen[found.category, found.color] += 1
    assert {('ship', 'white'), ('ship', 'red'), ('tennis court', 'blue')} <= set(seen)
    assert sum(count for (_, color), count in seen.items() if color is None) < 0.2 * sum(seen.values())


def test_targets_are_whole_and_large_enough(scenes, nwpu):
    photographs = {found.path.stem: found for found in read_nwpu_vhr10(nwpu)}
    for named in scenes:
        assert named.split == LISTS[f'{named.name.rsplit("_", 1)[0]}.jpg']
        assert photographs[named.name.rsplit('_', 1)[0]]
        for referral in named.scene.referrals:
            found = named.scene.objects[referral.object_index]
            assert found.recognizable
            assert 0.004 <= found.area / 128**2 <= 0.6


@pytest.mark.parametrize(
    ('layout', 'loader'), [('rrsisd', VHR10RefDataset), ('refsegrs', RefSegRSDataset), ('risbench', RISBenchDataset)]
)
def test_loaders_read_every_layout(nwpu, scenes, tmp_path, layout, loader):
    assert write_set(tmp_path / 'set', vhr10_ref(nwpu, layout, image_size=128), progress=io.StringIO())
    pipeline = [dict(type='mmcv.LoadImageFromFile'), dict(type='LoadReferringMask')]
    for split in ('train', 'val', 'test'):
        dataset = loader(tmp_path / 'set', split, pipeline, test_mode=True)
        expected = [
            (text, named.scene.objects[referral.object_index])
            for named in scenes
            if named.split == split
            for referral in named.scene.referrals
            for text in referral.expressions
        ]
        assert len(dataset) == len(expected)
        for sample, (text, found) in zip(dataset, expected, strict=True):
            assert sample['expressions'] == [text]
            np.testing.assert_array_equal(sample['gt_seg_map'], found.mask)
            if layout == 'rrsisd':
                assert sample['category'] == found.category
    assert not list((tmp_path / 'set').glob('*novel*'))
    assert 'research purposes only' in (tmp_path / 'set/README.txt').read_text()


def test_a_photograph_has_the_same_windows_in_every_set(nwpu, scenes, tmp_path):
    names = sorted(path.name for path in (nwpu / 'positive image set').iterdir())
    alone = write_nwpu(tmp_path / 'alone', [names[0]], folder='positive')
    # the same photograph with the same annotation as the first of the larger folder
    content = json.loads((nwpu / 'annotations.json').read_text())
    first = next(entry for entry in content['images'] if entry['file_name'] == names[0])
    content['images'] = [first]
    content['annotations'] = [entry for entry in content['annotations'] if entry['image_id'] == first['id']]
    (alone / 'annotations.json').write_text(json.dumps(content))
    (alone / 'positive' / names[0]).write_bytes((nwpu / 'positive image set' / names[0]).read_bytes())
    recipe = vhr10_ref(alone, image_size=128)
    again = [named for task in recipe.tasks() for named in recipe.make(task)]
    before = [named for named in scenes if named.name.startswith(f'{Path(names[0]).stem}_')]
    assert [named.name for named in again] == [named.name for named in before]
    for a, b in zip(again, before, strict=True):
        np.testing.assert_array_equal(a.scene.image, b.scene.image)
        assert a.scene.referrals == b.scene.referrals


def test_photographs_in_no_list_need_a_rule(tmp_path):
    root = write_nwpu(tmp_path / 'nwpu', ['999.jpg'])
    with pytest.raises(ReferringDataError, match="'999.jpg'.*--unlisted"):
        vhr10_ref(root)
    assert [task.split for task in vhr10_ref(root, unlisted='test').photographs] == ['test']


def test_faults_of_the_folder_are_named(tmp_path, nwpu):
    with pytest.raises(ReferringFileNotFoundError, match='positive image set'):
        read_nwpu_vhr10(tmp_path)
    root = write_nwpu(tmp_path / 'nwpu', ['001.jpg'])
    (root / 'positive image set/001.jpg').write_bytes(b'no picture')
    recipe = vhr10_ref(root)
    with pytest.raises(ReferringDataError, match=r'001\.jpg.*cannot be read'):
        recipe.make(recipe.tasks()[0])
    (root / 'positive image set/001.jpg').unlink()
    with pytest.raises(ReferringFileNotFoundError, match=r'001\.jpg'):
        read_nwpu_vhr10(root)
    (root / 'annotations.json').write_text('{}')
    with pytest.raises(ReferringDataError, match='COCO'):
        read_nwpu_vhr10(root)
    with pytest.raises(ValueError, match='64 or more'):
        vhr10_ref(nwpu, image_size=8)
    with pytest.raises(ValueError, match='no layout'):
        vhr10_ref(nwpu, layout='coco')


def test_command_line(nwpu, tmp_path, monkeypatch, capsys):
    tool = str(ROOT / 'tools/dataset_converters/vhr10_ref.py')

    def call(*arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        with pytest.raises(SystemExit) as done:
            runpy.run_path(tool, run_name='__main__')
        return done.value.code, capsys.readouterr()

    options = (nwpu, '--out', tmp_path / 'set', '--image-size', 96, '--workers', 1)
    code, output = call(*options)
    assert code == 0
    assert 'research only' in output.out
    code, output = call(*options)
    assert (code, 'nothing to do' in output.out) == (0, True)
    code, output = call(*options, '--seed', 1)
    assert code == 1
    assert 'seed is 0 there and 1 here' in output.err
