# Copyright (c) mmrrsis contributors.
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from mmrrsis.datasets import ReferringDataError, RefSegRSDataset, RISBenchDataset, RRSISDDataset
from mmrrsis.datasets.dataset_checker import check_dataset

SPLITS = ('train', 'val', 'test')
SCRIPT = Path(__file__).parents[2] / 'tools' / 'dataset_converters' / 'check_dataset.py'


def counts(report):
    return {kind: len(messages) for kind, messages in report.faults.items()}


def test_sound_set(rrsisd):
    report = check_dataset(RRSISDDataset, rrsisd.write(), SPLITS)
    assert report.num_faults == 0
    assert report.sizes == dict(train=3, val=1, test=4)  # sentences, as papers count
    text = report.format()
    for row in ('|  train |       3        |   12181   |', '|  val  |'):
        assert row.replace(' ', '') in text.replace(' ', '')
    assert text.endswith('No faults.')


def test_every_fault_is_found_at_once(risbench):
    for name in ('good', 'broken', 'size', 'empty', 'masks'):
        risbench.add_files(name)
    risbench.add_files('other', shape=(9, 9))
    (risbench.images / 'broken.png').write_bytes(b'x')
    (risbench.masks / 'size.png').write_bytes((risbench.masks / 'other.png').read_bytes())
    (risbench.masks / 'masks.png').write_bytes(b'x')
    risbench.add_files('empty', np.zeros((8, 10), np.uint8))
    train = risbench.write(
        'train',
        b'good ship\nbroken dam\nbroken dam again\nsize bridge\nempty harbor\nmasks ship\nnone ship\ngood\n\xff\n',
    )
    risbench.write('val', 'good ship\n')
    report = check_dataset(RISBenchDataset, risbench.root, SPLITS)
    assert counts(report) == {
        'unreadable image': 1,  # two samples share it
        'mask of another size': 1,
        'unreadable mask': 1,
        'missing image': 1,
        'missing mask': 1,
        'line without a phrase': 1,
        'undecodable line': 1,
        'empty split': 1,
    }
    assert report.sizes == dict(train=2, val=1, test=0)
    assert report.empty_masks == [f"'{train}', line 5"]
    text = report.format()
    assert 'unreadable image: 1\n' in text
    assert f"'{train}', line 8: 'good' has no phrase." in text
    assert '1 masks without foreground' in text
    assert text.endswith('\n8 faults')


def test_checker_and_loader_say_the_same(risbench):
    risbench.add_files('good')
    risbench.write('train', 'good ship\ngood\n')
    (message,) = check_dataset(RISBenchDataset, risbench.root, ['train']).faults['line without a phrase']
    with pytest.raises(ReferringDataError) as caught:
        RISBenchDataset(risbench.root, 'train')
    assert str(caught.value) == message


def test_fault_that_all_splits_share_counts_once(rrsisd):
    del rrsisd.refs[0]['split']
    rrsisd.refs[1]['sentences'] = []
    rrsisd.instances['annotations'][3]['segmentation'] = [[1, 2]]
    assert counts(check_dataset(RRSISDDataset, rrsisd.write(), SPLITS)) == {
        'malformed ref': 2,
        'undecodable segmentation': 1,
    }
    (rrsisd.root / 'rrsisd' / 'instances.json').unlink()
    report = check_dataset(RRSISDDataset, rrsisd.root, SPLITS)
    assert counts(report) == {'missing file': 1}
    assert report.sizes == dict(train=0, val=0, test=0)


def test_one_missing_phrase_file_leaves_the_other_splits(refsegrs):
    refsegrs.add_files('1')
    for split in ('train', 'test'):
        refsegrs.write(split, '1 road\n')
    (refsegrs.root / 'output_phrase_val.txt').unlink()
    report = check_dataset(RefSegRSDataset, refsegrs.root, SPLITS)
    assert counts(report) == {'missing file': 1}
    assert report.sizes == dict(train=1, val=0, test=1)


@pytest.fixture
def run(monkeypatch, capsys):
    def run_script(*args):
        """Run the command line and return its exit code and output."""
        monkeypatch.setattr(sys, 'argv', [str(SCRIPT), *map(str, args)])
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(str(SCRIPT), run_name='__main__')
        return caught.value.code, capsys.readouterr().out

    return run_script


def test_command_line(rrsisd, tmp_path, run):
    root = rrsisd.write()
    code, out = run('rrsisd', root, '--split', 'test')
    assert code == 0
    assert '3481' in out
    assert '12181' not in out
    (rrsisd.images / '00002.jpg').unlink()
    code, out = run('rrsisd', root)
    assert code == 1
    assert 'missing image: 1\n' in out
    code, out = run('synthrs', tmp_path / 'nowhere')
    assert code == 1
    assert 'missing data root: 1\n' in out
