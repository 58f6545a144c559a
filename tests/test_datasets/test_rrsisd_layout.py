# Copyright (c) mmrrsis contributors.
import json
import os
import pickle
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from mmrrsis.datasets import ReferringDataError, RRSISDDataset, SynthRSDataset
from mmrrsis.datasets.rrsisd_refs import convert_refs_to_json
from mmrrsis.registry import DATASETS

LOAD = [dict(type='LoadImageFromFile'), dict(type='LoadReferringMask')]


def exactly(text):
    return '^' + re.escape(text) + '$'


def refs_place(data, ref_id):
    return f"'{data.root / 'rrsisd' / 'refs(unc).p'}', ref_id {ref_id}"


@pytest.mark.parametrize('refs_format', ['pickle', 'json'])
def test_test_mode_has_one_sample_per_sentence(rrsisd, refs_format):
    root = rrsisd.write(refs_format)
    dataset = DATASETS.build(dict(type='RRSISDDataset', data_root=str(root), split='test', test_mode=True))
    samples = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [sample['sample_id'] for sample in samples] == ['1_0', '1_1', '2', '3']
    assert [sample['expressions'] for sample in samples] == [
        ['The golf field'],
        ['the left field'],
        ['the ship'],
        ['a golf field in the middle'],
    ]
    assert [sample['category'] for sample in samples] == ['golf field', 'golf field', 'ship', 'golf field']
    assert [Path(sample['img_path']).name for sample in samples] == ['00001.jpg'] * 3 + ['00002.jpg']


def test_training_has_one_sample_per_ref_with_all_its_sentences(rrsisd):
    dataset = RRSISDDataset(rrsisd.write(), 'train')
    assert len(dataset) == 1
    assert dataset.get_data_info(0)['sample_id'] == '4'
    assert dataset.get_data_info(0)['expressions'] == ['a ship', 'the only ship', 'a vessel']


def test_category_outside_of_the_list_keeps_its_name(rrsisd):
    assert RRSISDDataset(rrsisd.write(), 'val').get_data_info(0)['category'] == 'crane'


def test_metainfo_holds_the_published_lists():
    assert len(set(RRSISDDataset.METAINFO['classes'])) == 20
    assert sum(RRSISDDataset.METAINFO['split_sizes'].values()) == 17402


def test_parts_of_a_segmentation_are_merged(rrsisd):
    dataset = RRSISDDataset(rrsisd.write(), 'test', LOAD, test_mode=True)
    polygons = np.zeros((12, 16), np.uint8)
    polygons[2:6, 2:8] = 1
    polygons[2:4, 10:14] = 1
    np.testing.assert_array_equal(dataset[0]['gt_seg_map'], polygons)
    compressed = np.zeros((12, 16), np.uint8)
    compressed[1:6, 1:6] = 1
    np.testing.assert_array_equal(dataset[2]['gt_seg_map'], compressed)
    uncompressed = np.zeros((12, 16), np.uint8)
    uncompressed[:, :2] = 1
    np.testing.assert_array_equal(dataset[3]['gt_seg_map'], uncompressed)


def test_rle_and_polygon_of_one_target_are_merged(rrsisd):
    expected = np.zeros((12, 16), np.uint8)
    expected[1:6, 1:6] = 1
    expected[2:6, 2:8] = 1
    np.testing.assert_array_equal(RRSISDDataset(rrsisd.write(), 'train', LOAD)[0]['gt_seg_map'], expected)


def test_numpy_scalars_of_the_pickle_become_plain(rrsisd):
    for ref in rrsisd.refs:
        ref['ref_id'], ref['ann_id'] = np.int64(ref['ref_id']), np.int32(ref['ann_id'])
    rrsisd.refs[0]['split'] = np.str_('test')
    sample = RRSISDDataset(rrsisd.write(), 'test').get_data_info(0)
    assert sample['sample_id'] == '1'
    assert sample['target_id'] == '11'


@pytest.mark.parametrize('protocol', range(6))
def test_every_pickle_protocol_is_read(rrsisd, protocol):
    rrsisd.refs[0]['ref_id'] = np.int64(1)
    rrsisd.refs[0]['note'] = b'\x80bytes'
    root = rrsisd.write()
    (root / 'rrsisd' / 'refs(unc).p').write_bytes(pickle.dumps(rrsisd.refs, protocol=protocol))
    assert len(RRSISDDataset(root, 'test')) == 3


class Evil:
    """Runs a command where it is unpickled by the ordinary unpickler."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f'touch {self.marker}',)


def test_pickle_with_code_is_refused_and_not_run(rrsisd, tmp_path):
    rrsisd.refs[0]['ref_id'] = Evil(tmp_path / 'ran')
    path = rrsisd.write() / 'rrsisd' / 'refs(unc).p'
    message = (
        f"'{path}' was not read: it holds 'posix.system', and from a pickle only plain containers, strings, numbers "
        'and NumPy scalars are read, because other classes can run code. If you trust the source of the file, convert '
        'it once with `tools/dataset_converters/rrsisd_refs_to_json.py --trust-pickle`.'
    )
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('content', [b'', b'not a pickle', pickle.dumps([1, 2])[:-3]])
def test_broken_pickle(rrsisd, content):
    path = rrsisd.write() / 'rrsisd' / 'refs(unc).p'
    path.write_bytes(content)
    with pytest.raises(ReferringDataError, match=re.escape(f"'{path}' is not a readable pickle (")):
        RRSISDDataset(rrsisd.root, 'test')


def test_pickle_without_a_list(rrsisd):
    path = rrsisd.write() / 'rrsisd' / 'refs(unc).p'
    path.write_bytes(pickle.dumps({'refs': []}))
    message = f"'{path}' holds a dict, not a list of refs. Download or convert it again."
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_json_goes_before_the_pickle(rrsisd):
    root = rrsisd.write()
    (root / 'rrsisd' / 'refs(unc).p').write_bytes(b'broken')
    rrsisd.write('json')
    assert len(RRSISDDataset(root, 'test')) == 3


def test_missing_refs_file(rrsisd):
    (rrsisd.write() / 'rrsisd' / 'refs(unc).p').unlink()
    message = (
        f"Neither 'refs(unc).p' nor 'refs(unc).json' is in '{rrsisd.root / 'rrsisd'}'. Unpack the whole data set, or "
        'correct `data_root`.'
    )
    with pytest.raises(FileNotFoundError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_missing_instances(rrsisd):
    path = rrsisd.write() / 'rrsisd' / 'instances.json'
    path.unlink()
    message = f"'{path}' does not exist. Unpack the whole data set, or correct `data_root`."
    with pytest.raises(FileNotFoundError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_instances_that_are_not_json(rrsisd):
    path = rrsisd.write() / 'rrsisd' / 'instances.json'
    path.write_text('{')
    with pytest.raises(ReferringDataError, match=re.escape(f"'{path}' is not valid JSON (")):
        RRSISDDataset(rrsisd.root, 'test')


def test_instances_that_are_not_coco(rrsisd):
    del rrsisd.instances['annotations']
    path = rrsisd.write() / 'rrsisd' / 'instances.json'
    message = (
        f"'{path}' is not in COCO format: it must hold the lists 'images', 'annotations' and 'categories', each entry "
        "with an 'id', each category with a 'name' (KeyError: 'annotations'). Download the file again."
    )
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_missing_image_folder(rrsisd):
    rrsisd.write()
    rrsisd.images.rename(rrsisd.root / 'elsewhere')
    message = f"The folder '{rrsisd.images}' does not exist. Unpack the whole data set, or correct `data_root`."
    with pytest.raises(FileNotFoundError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def remove(entries, key, value):
    entries[:] = [entry for entry in entries if entry[key] != value]


SAME_VERSION = 'Refs and instances must be of one version: download both again.'


def test_ref_without_annotation(rrsisd):
    remove(rrsisd.instances['annotations'], 'id', 12)
    path = rrsisd.write() / 'rrsisd' / 'instances.json'
    message = f"{refs_place(rrsisd, 2)}: annotation 12 is not in '{path}'. {SAME_VERSION}"
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_ref_without_image_entry(rrsisd):
    remove(rrsisd.instances['images'], 'id', 2)
    path = rrsisd.write() / 'rrsisd' / 'instances.json'
    message = f"{refs_place(rrsisd, 3)}: image 2 is not in '{path}'. {SAME_VERSION}"
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_annotation_without_segmentation(rrsisd):
    rrsisd.instances['annotations'][1]['segmentation'] = []
    path = rrsisd.write() / 'rrsisd' / 'instances.json'
    message = f"{refs_place(rrsisd, 2)}: annotation 12 in '{path}' has no 'segmentation'. Download the file again."
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_image_entry_without_size(rrsisd):
    del rrsisd.instances['images'][1]['height'], rrsisd.instances['images'][1]['width']
    path = rrsisd.write() / 'rrsisd' / 'instances.json'
    message = f"{refs_place(rrsisd, 3)}: image 2 in '{path}' has no 'height', 'width'. Download the file again."
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_missing_image_file(rrsisd):
    rrsisd.write()
    (rrsisd.images / '00002.jpg').unlink()
    message = f"{refs_place(rrsisd, 3)}: the image '00002.jpg' is not in '{rrsisd.images}'. Restore the file."
    with pytest.raises(FileNotFoundError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


@pytest.mark.parametrize('raw', ['', '  ', None])
def test_empty_expression(rrsisd, raw):
    rrsisd.refs[0]['sentences'][1]['raw'] = raw
    rrsisd.write()
    message = (
        f"{refs_place(rrsisd, 1)}: sentence 101 has an empty expression or none ('raw' is {raw!r}). Write one, or "
        'delete the sentence.'
    )
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_ref_without_sentences(rrsisd):
    rrsisd.refs[1]['sentences'] = []
    rrsisd.write()
    message = f'{refs_place(rrsisd, 2)}: the ref has no sentence. Add one, or delete the ref.'
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_ref_without_keys(rrsisd):
    del rrsisd.refs[1]['ann_id'], rrsisd.refs[1]['image_id']
    rrsisd.write()
    message = f"{refs_place(rrsisd, 2)}: the ref has no 'ann_id', 'image_id'. Download or convert the file again."
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.root, 'test')


def test_split_without_a_ref(rrsisd):
    remove(rrsisd.refs, 'split', 'val')
    message = f"Split 'val' of '{rrsisd.root}' holds no sample. Unpack the whole data set, or correct `data_root`."
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RRSISDDataset(rrsisd.write(), 'val')


def test_faults_of_other_splits_do_not_stop_this_one(rrsisd):
    rrsisd.refs[4]['sentences'] = []
    assert len(RRSISDDataset(rrsisd.write(), 'test')) == 3


def test_synthrs_keeps_the_subset(rrsisd):
    rrsisd.refs[1]['subset'] = 'novel_pair'
    rrsisd.refs[2]['subset'] = None
    root = rrsisd.write()
    dataset = DATASETS.build(dict(type='SynthRSDataset', data_root=str(root), split='test', test_mode=True))
    assert [dataset.get_data_info(i)['subset'] for i in range(4)] == [None, None, 'novel_pair', None]
    assert isinstance(dataset, SynthRSDataset)


SCRIPT = Path(__file__).parents[2] / 'tools' / 'dataset_converters' / 'rrsisd_refs_to_json.py'


def test_converter_writes_what_is_read_instead_of_the_pickle(rrsisd, monkeypatch, capsys):
    rrsisd.refs[0]['ref_id'] = np.int64(1)
    root = rrsisd.write()
    before = [RRSISDDataset(root, 'test').get_data_info(i)['expressions'] for i in range(3)]
    monkeypatch.setattr(sys, 'argv', [str(SCRIPT), str(root)])
    with pytest.raises(SystemExit, match=r'^0$'):
        runpy.run_path(str(SCRIPT), run_name='__main__')
    assert capsys.readouterr().out == f"Wrote 5 refs to '{root / 'rrsisd' / 'refs(unc).json'}'.\n"
    (root / 'rrsisd' / 'refs(unc).p').unlink()
    assert [RRSISDDataset(root, 'test').get_data_info(i)['expressions'] for i in range(3)] == before


def test_converter_runs_foreign_code_only_when_told(rrsisd, tmp_path):
    rrsisd.refs[0]['box'] = np.array([1.5, 2.0])  # NumPy's array is not among what is admitted
    root = rrsisd.write()
    source, target = root / 'rrsisd' / 'refs(unc).p', tmp_path / 'refs.json'
    with pytest.raises(ReferringDataError, match='_reconstruct'):
        convert_refs_to_json(source, target)
    assert not target.exists()
    assert convert_refs_to_json(source, target, trust_pickle=True) == 5
    assert json.loads(target.read_text())[0]['box'] == [1.5, 2.0]


def test_converter_refuses_what_json_cannot_hold(rrsisd, tmp_path):
    rrsisd.refs[0]['path'] = Path('x')
    with pytest.raises(ReferringDataError, match=r"hold a 'pathlib.*PosixPath', which JSON cannot hold"):
        convert_refs_to_json(rrsisd.write() / 'rrsisd' / 'refs(unc).p', tmp_path / 'refs.json', trust_pickle=True)
    assert not (tmp_path / 'refs.json').exists()
