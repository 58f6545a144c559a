# Copyright (c) mmrrsis contributors.
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmrrsis.datasets import ReferringDataError, ReferringFileNotFoundError, RefSegRSDataset, RISBenchDataset
from mmrrsis.registry import DATASETS


def exactly(text):
    return '^' + re.escape(text) + '$'


def test_lines_become_samples(refsegrs):
    refsegrs.add_files('12')
    refsegrs.add_files('7')
    path = refsegrs.write('train', '12 road marking on the road\n\n7\tthe  red van \n')
    dataset = DATASETS.build(dict(type='RefSegRSDataset', data_root=str(refsegrs.root), split='train'))
    first, second = dataset.get_data_info(0), dataset.get_data_info(1)
    assert len(dataset) == 2
    assert first == dict(
        sample_id='train_1',
        source=f"'{path}', line 1",
        img_path=str(refsegrs.images / '12.tif'),
        expressions=['road marking on the road'],
        category='road marking',
        subset=None,
        target_id='12.tif',
        mask_path=str(refsegrs.masks / '12.tif'),
        mask_threshold=50,
        sample_idx=0,
    )
    assert second['sample_id'] == 'train_3'  # the number of the line, the empty one counted
    assert second['expressions'] == ['the  red van']
    assert second['category'] == 'van'


def test_risbench_goes_by_the_name_in_the_line(risbench):
    for name in ('train_0_0', 'val_1_0', 'no_suffix'):
        risbench.add_files(name)
    risbench.write('val', 'train_0_0.png a plane\nval_1_0.png a thing\nno_suffix The Storage-Tanks\n')
    dataset = RISBenchDataset(risbench.root, 'val', test_mode=True)
    samples = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [Path(sample['img_path']).name for sample in samples] == ['train_0_0.png', 'val_1_0.png', 'no_suffix.png']
    assert [Path(sample['mask_path']).name for sample in samples] == ['train_0_0.png', 'val_1_0.png', 'no_suffix.png']
    assert [sample['category'] for sample in samples] == ['airplane', None, 'storage tank']
    assert samples[0]['mask_threshold'] == 127


def test_a_byte_order_mark_is_no_part_of_a_name(refsegrs):
    """Editors of Windows write one at the beginning of a file; without its removal the first image is missing."""
    refsegrs.add_files('12')
    refsegrs.write('test', '\ufeff12 the red van\n')
    (sample,) = RefSegRSDataset(refsegrs.root, 'test', test_mode=True).load_data_list()
    assert sample['expressions'] == ['the red van'] and sample['target_id'] == '12.tif'


@pytest.mark.parametrize('folders', [('img_rgb', 'mask'), ('images', 'masks')])
def test_risbench_has_two_pairs_of_folder_names(tmp_path, phrase_list, folders):
    root = phrase_list(tmp_path / 'set', *folders, '.png')
    root.add_files('a')
    root.write('test', 'a.png the ship')
    sample = RISBenchDataset(root.root, 'test', test_mode=True).get_data_info(0)
    assert sample['img_path'] == str(root.root / folders[0] / 'a.png')
    assert sample['mask_path'] == str(root.root / folders[1] / 'a.png')


def test_metainfo_holds_the_published_lists():
    assert len(RefSegRSDataset.METAINFO['classes']) == len(set(RefSegRSDataset.METAINFO['classes'])) == 14
    assert sum(RefSegRSDataset.METAINFO['split_sizes'].values()) == 4420
    assert len(RISBenchDataset.METAINFO['classes']) == len(set(RISBenchDataset.METAINFO['classes'])) == 26
    assert sum(RISBenchDataset.METAINFO['split_sizes'].values()) == 52472


def test_missing_root_is_reported_before_anything_else(tmp_path):
    message = (
        f"The folder '{tmp_path / 'nowhere'}', `data_root` of RefSegRSDataset, does not exist. Put the data set there "
        'or point `data_root` at it.'
    )
    with pytest.raises(FileNotFoundError, match=exactly(message)):
        RefSegRSDataset(tmp_path / 'nowhere', 'no split', pipeline=[dict(type='NoSuchTransform')])


def test_unknown_split(refsegrs):
    message = "RefSegRSDataset has no split 'testing'. Choose one of 'train', 'val' and 'test'."
    with pytest.raises(ValueError, match=exactly(message)):
        RefSegRSDataset(refsegrs.root, 'testing')


def test_missing_phrase_file(refsegrs):
    path = refsegrs.root / 'output_phrase_val.txt'
    path.unlink()
    message = f"'{path}' does not exist. Unpack the whole data set, or correct `data_root`."
    with pytest.raises(ReferringFileNotFoundError, match=exactly(message)):
        RefSegRSDataset(refsegrs.root, 'val')


def test_missing_image_folder(refsegrs):
    refsegrs.write('val', '1 road')
    refsegrs.images.rmdir()
    for cls, names in ((RefSegRSDataset, "'images'"), (RISBenchDataset, "'img_rgb' or 'images'")):
        message = f"'{refsegrs.root}' has no folder {names}. Unpack the whole data set, or correct `data_root`."
        with pytest.raises(ReferringFileNotFoundError, match=exactly(message)):
            cls(refsegrs.root, 'val')


def test_missing_mask_folder(refsegrs):
    refsegrs.write('val', '1 road')
    refsegrs.masks.rmdir()
    message = f"The folder '{refsegrs.masks}' does not exist. Unpack the whole data set, or correct `data_root`."
    with pytest.raises(ReferringFileNotFoundError, match=exactly(message)):
        RefSegRSDataset(refsegrs.root, 'val')


@pytest.mark.parametrize('line', ['8', '8 ', '8 \t'])
def test_line_without_a_phrase(refsegrs, line):
    refsegrs.add_files('7')
    path = refsegrs.write('test', f'7 road\n{line}\n')
    message = f"'{path}', line 2: '8' has no phrase. Write '<name> <phrase>', or delete the line and its sample."
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RefSegRSDataset(refsegrs.root, 'test')


def test_line_that_is_not_utf8(refsegrs):
    refsegrs.add_files('7')
    path = refsegrs.write('test', b'7 road\n7 \xff\xfe\n')
    with pytest.raises(ReferringDataError, match=re.escape(f"'{path}', line 2: not UTF-8 text (")):
        RefSegRSDataset(refsegrs.root, 'test')


@pytest.mark.parametrize('kind', ['image', 'mask'])
def test_missing_file_of_a_sample(refsegrs, kind):
    refsegrs.add_files('7')
    folder = refsegrs.images if kind == 'image' else refsegrs.masks
    (folder / '7.tif').unlink()
    path = refsegrs.write('test', '7 road\n')
    message = f"'{path}', line 1: the {kind} of '7' is not in '{folder}'. Restore the file or correct the line."
    with pytest.raises(ReferringFileNotFoundError, match=exactly(message)):
        RefSegRSDataset(refsegrs.root, 'test')


def test_names_cannot_leave_the_folder(refsegrs):
    refsegrs.add_files('7')
    refsegrs.write('test', '../images/7.tif road\n')
    with pytest.raises(ReferringFileNotFoundError, match='is not in'):
        RefSegRSDataset(refsegrs.root, 'test')


def test_empty_split(refsegrs):
    message = f"Split 'val' of '{refsegrs.root}' holds no sample. Unpack the whole data set, or correct `data_root`."
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RefSegRSDataset(refsegrs.root, 'val')


def test_every_mask_is_read_by_its_own_threshold(refsegrs, phrase_list, tmp_path):
    mask = np.full((8, 10), 50, np.uint8)
    mask[1, 1], mask[2, 2] = 51, 128
    refsegrs.add_files('7', mask)
    refsegrs.write('test', '7 road')
    pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadReferringMask')]
    read = RefSegRSDataset(refsegrs.root, 'test', pipeline, test_mode=True)[0]['gt_seg_map']
    assert sorted(map(tuple, np.argwhere(read))) == [(1, 1), (2, 2)]
    assert read.dtype == np.uint8

    mask[mask == 50], mask[1, 1] = 0, 127
    other = phrase_list(tmp_path / 'ris', 'img_rgb', 'mask', '.png')
    other.add_files('7', mask)
    other.write('test', '7 road')
    read = RISBenchDataset(other.root, 'test', pipeline, test_mode=True)[0]['gt_seg_map']
    assert list(map(tuple, np.argwhere(read))) == [(2, 2)]


def test_large_set_is_listed_once_per_folder(risbench, monkeypatch):
    """52,472 samples load in a second because no file is asked for by itself."""
    for name in 'abc':
        risbench.add_files(name)
    risbench.write('train', 'a.png ship\nb.png ship\nc.png ship\n' * 200)
    monkeypatch.setattr('os.path.exists', lambda path: pytest.fail(f'asked for {path}'))
    monkeypatch.setattr('os.path.isfile', lambda path: pytest.fail(f'asked for {path}'))
    assert len(RISBenchDataset(risbench.root, 'train')) == 600


def test_image_in_another_format_keeps_its_mask(risbench):
    """The line names a .jpg; its mask has the usual suffix."""
    risbench.add_files('a')
    assert cv2.imwrite(str(risbench.images / 'a.jpg'), np.zeros((8, 10, 3), np.uint8))
    risbench.write('test', 'a.jpg the ship')
    sample = RISBenchDataset(risbench.root, 'test', test_mode=True).get_data_info(0)
    assert (Path(sample['img_path']).name, Path(sample['mask_path']).name) == ('a.jpg', 'a.png')
