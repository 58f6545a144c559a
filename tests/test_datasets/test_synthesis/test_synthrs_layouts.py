# Copyright (c) mmrrsis contributors.
"""Written data sets, read back by hand and by the loaders."""

import io
import json
import os
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmrrsis.datasets import RefSegRSDataset, RISBenchDataset, SynthRSDataset
from mmrrsis.datasets.layouts import layout
from mmrrsis.datasets.synthesis import SceneGenerator
from mmrrsis.datasets.synthesis.dataset_settings import DatasetSettings, write_dataset

ROOT = Path(__file__).resolve().parents[3]
SMALL = dict(level='easy', train=3, val=1, test=3, seed=5, image_size=96)


def write(out, layout, **changes):
    return write_dataset(out, DatasetSettings(layout, **{**SMALL, **changes}), progress=io.StringIO())


def scenes():
    generator = SceneGenerator('easy', 96, 5)
    return [(s, i, generator.generate(i, s)) for s in ('train', 'val', 'test') for i in range(SMALL[s])]


def test_rrsisd_layout_holds_the_scenes(tmp_path):
    out = tmp_path / 'set'
    assert write(out, 'rrsisd')
    refs = pickle.loads((out / 'rrsisd/refs(unc).p').read_bytes())
    instances = json.loads((out / 'rrsisd/instances.json').read_text())
    annotations = {entry['id']: entry for entry in instances['annotations']}
    images = {entry['id']: entry for entry in instances['images']}
    names = {entry['id']: entry['name'] for entry in instances['categories']}
    assert len(names) == 20
    remaining = iter(refs)
    for split, _, scene in scenes():
        for referral in scene.referrals:
            ref, found = next(remaining), scene.objects[referral.object_index]
            assert (ref['split'], ref['subset']) == (split, scene.subset)
            assert tuple(sentence['raw'] for sentence in ref['sentences']) == referral.expressions
            assert ref['sent_ids'] == [sentence['sent_id'] for sentence in ref['sentences']]
            assert names[ref['category_id']] == found.category
            entry = annotations[ref['ann_id']]
            np.testing.assert_array_equal(coco_mask.decode(entry['segmentation'])[..., 0], found.mask)
            x, y, width, height = entry['bbox']
            assert (x, y, x + width, y + height) == found.box
            image = images[ref['image_id']]
            assert image['file_name'] == ref['file_name']
            pixels = cv2.imread(str(out / 'images/rrsisd/JPEGImages' / ref['file_name']))[..., ::-1]
            assert pixels.shape == (image['height'], image['width'], 3)
            assert np.abs(pixels.astype(int) - scene.image).mean() < 6  # JPEG
    assert next(remaining, None) is None
    assert len({sentence for ref in refs for sentence in ref['sent_ids']}) == sum(
        len(ref['sentences']) for ref in refs
    )
    assert any(ref['subset'] == 'novel_pair' for ref in refs)
    assert 'no benchmark results' in (out / 'README.txt').read_text().replace('\n', ' ')


@pytest.mark.parametrize(
    ('layout', 'images', 'masks', 'suffix', 'name'),
    [
        ('refsegrs', 'images', 'masks', '.tif', 'test_000002_0'),
        ('risbench', 'img_rgb', 'mask', '.png', 'test_000002_0.png'),
    ],
)
def test_phrase_list_layouts_hold_the_scenes(tmp_path, layout, images, masks, suffix, name):
    out = tmp_path / 'set'
    assert write(out, layout)
    lines = {s: (out / f'output_phrase_{s}.txt').read_text().splitlines() for s in ('train', 'val', 'test')}
    expected = {'train': [], 'val': [], 'test': []}
    for split, index, scene in scenes():
        for number, referral in enumerate(scene.referrals):
            stem = f'{split}_{index:06d}_{number}'
            key = stem if layout == 'refsegrs' else stem + suffix
            expected[split] += [f'{key} {text}' for text in referral.expressions]
            mask = cv2.imread(str(out / masks / (stem + suffix)), cv2.IMREAD_UNCHANGED)
            assert mask.shape == (96, 96)
            np.testing.assert_array_equal(mask, scene.objects[referral.object_index].mask * 255)
            pixels = cv2.imread(str(out / images / (stem + suffix)), cv2.IMREAD_UNCHANGED)
            np.testing.assert_array_equal(pixels[..., ::-1], scene.image)
    assert lines == expected
    novel = (out / 'novel_pair_test.txt').read_text().splitlines()
    assert novel[0] == name
    assert all(entry.startswith('test_000002_') for entry in novel)


@pytest.mark.parametrize(
    ('layout', 'loader'),
    [('rrsisd', SynthRSDataset), ('refsegrs', RefSegRSDataset), ('risbench', RISBenchDataset)],
)
def test_loaders_read_what_is_written(tmp_path, layout, loader):
    write(tmp_path / 'set', layout)
    pipeline = [dict(type='mmcv.LoadImageFromFile'), dict(type='LoadReferringMask')]
    dataset = loader(tmp_path / 'set', 'test', pipeline, test_mode=True)
    expected = [
        (text, referral.object_index, scene)
        for split, _, scene in scenes()
        if split == 'test'
        for referral in scene.referrals
        for text in referral.expressions
    ]
    assert len(dataset) == len(expected)
    for sample, (text, index, scene) in zip(dataset, expected, strict=True):
        assert sample['expressions'] == [text]
        assert sample['img'].shape == (96, 96, 3)
        np.testing.assert_array_equal(sample['gt_seg_map'], scene.objects[index].mask)
        if layout == 'rrsisd':
            assert (sample['subset'], sample['category']) == (scene.subset, scene.objects[index].category)


def test_workers_write_the_same_files(tmp_path):
    write(tmp_path / 'one', 'risbench')
    settings = DatasetSettings('risbench', **SMALL)
    write_dataset(tmp_path / 'two', settings, workers=2, progress=io.StringIO())
    first = {path.relative_to(tmp_path / 'one'): path for path in (tmp_path / 'one').rglob('*') if path.is_file()}
    second = {path.relative_to(tmp_path / 'two'): path for path in (tmp_path / 'two').rglob('*') if path.is_file()}
    assert first.keys() == second.keys()
    assert all(first[name].read_bytes() == second[name].read_bytes() for name in first)


def test_second_run_keeps_the_set(tmp_path):
    out = tmp_path / 'set'
    assert write(out, 'risbench')
    line = out / 'output_phrase_val.txt'
    line.write_text('mine')
    assert not write(out, 'risbench')
    assert line.read_text() == 'mine'


def test_other_settings_are_refused(tmp_path):
    out = tmp_path / 'set'
    write(out, 'risbench', train=1)
    with pytest.raises(FileExistsError, match='train is 1 there and 2 here. Remove it or choose another --out'):
        write(out, 'risbench', train=2)


def test_foreign_folder_is_refused_and_untouched(tmp_path):
    (tmp_path / 'thesis.txt').write_text('important')
    with pytest.raises(FileExistsError, match='is not a SynthRS data set. Choose another --out'):
        write(tmp_path, 'risbench')
    assert [path.name for path in tmp_path.iterdir()] == ['thesis.txt']


def test_stopped_run_leaves_no_set_and_the_next_one_finishes(tmp_path, monkeypatch):
    out = tmp_path / 'set'
    generate = SceneGenerator.generate

    def stop(self, index, split='train'):
        if split == 'test':
            raise KeyboardInterrupt
        return generate(self, index, split)

    monkeypatch.setattr(SceneGenerator, 'generate', stop)
    with pytest.raises(KeyboardInterrupt):
        write(out, 'risbench')
    assert not out.exists()
    monkeypatch.undo()
    assert write(out, 'risbench')
    assert [path.name for path in tmp_path.iterdir()] == ['set']


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(layout='coco'), "no layout 'coco'. Choose one of 'rrsisd', 'refsegrs', 'risbench'"),
        (dict(val=-1), '`val` is -1 scenes'),
        (dict(train=0, val=0, test=0), 'Ask for at least one scene'),
        (dict(level='hard'), "no level 'hard'"),
    ],
)
def test_wrong_settings(changes, message):
    with pytest.raises(ValueError, match=message):
        DatasetSettings(**{'layout': 'rrsisd', **SMALL, **changes})


def test_wrong_number_of_workers(tmp_path):
    with pytest.raises(ValueError, match='`workers` is 0. Use 1 or more'):
        write_dataset(tmp_path / 'set', DatasetSettings('rrsisd', **SMALL), workers=0)


def test_unencodable_picture_is_an_error(monkeypatch):
    monkeypatch.setattr(cv2, 'imencode', lambda *_: (False, None))
    with pytest.raises(OSError, match='could not encode a .tif picture'):
        layout.encode_picture('.tif', np.zeros((4, 4), np.uint8))


TOOL = ROOT / 'tools/dataset_converters/synthrs.py'
ARGUMENTS = ('--layout', 'risbench', '--train', '1', '--val', '1', '--test', '1', '--image-size', '96')


def test_command_line(tmp_path):
    env = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')
    command = [sys.executable, str(TOOL), '--out', str(tmp_path / 'set'), *ARGUMENTS]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'It is synthetic: figures on it are no benchmark results.' in done.stdout
    assert len((tmp_path / 'set/output_phrase_train.txt').read_text().splitlines()) >= 1


def test_command_line_reports_what_it_did(tmp_path, monkeypatch, capsys):
    main = runpy.run_path(str(TOOL))['main']
    write(tmp_path / 'set', 'risbench', train=1, val=1, test=1, seed=0)
    monkeypatch.setattr(sys, 'argv', ['synthrs.py', '--out', str(tmp_path / 'set'), *ARGUMENTS])
    assert main() == 0
    assert 'already holds SynthRS with these settings; nothing to do.' in capsys.readouterr().out
    sys.argv += ['--seed', '9']
    assert main() == 1
    printed = capsys.readouterr().err
    assert 'error:' in printed
    assert 'seed is 0 there and 9 here' in printed
