# Copyright (c) mmrrsis contributors.
import re

import pytest
from torch._utils import ExceptionWrapper

from mmrrsis.datasets import (
    ReferringDataError,
    ReferringFileNotFoundError,
    RefSegRSDataset,
    RRSISDDataset,
    base_referring_dataset,
)

LOAD = [dict(type='LoadImageFromFile'), dict(type='LoadReferringMask')]


def exactly(text):
    return '^' + re.escape(text) + '$'


def broken_image(refsegrs):
    """Write 20 good samples and a broken one, and return the file of its image."""
    refsegrs.add_files('1')
    refsegrs.add_files('2')
    refsegrs.write('train', '1 road\n' * 20 + '2 van')
    path = refsegrs.images / '2.tif'
    path.write_bytes(b'not an image')
    return path


def test_broken_image_in_training_is_named_and_never_replaced(refsegrs):
    path = broken_image(refsegrs)
    dataset = RefSegRSDataset(refsegrs.root, 'train', LOAD)
    message = (
        f"Sample 'train_21' of RefSegRSDataset ('{refsegrs.root / 'output_phrase_train.txt'}', line 21) could not be "
        f"read (AssertionError: failed to load image: {path}). Its image is '{path}'. Download that file again if it "
        'is damaged; `tools/dataset_converters/check_dataset.py` lists every fault of a data set.'
    )
    with pytest.raises(ReferringDataError, match=exactly(message)):
        dataset[20]


@pytest.mark.parametrize('change', [lambda path: path.write_bytes(b''), lambda path: path.unlink()])
def test_empty_or_vanished_image_is_named(refsegrs, change):
    path = broken_image(refsegrs)
    dataset = RefSegRSDataset(refsegrs.root, 'train', LOAD)
    change(path)  # after the annotations were read
    with pytest.raises(ReferringDataError, match=r"^Sample 'train_21' of RefSegRSDataset .*, line 21\) could not be"):
        dataset[20]


def test_none_from_the_pipeline_is_an_error(refsegrs):
    refsegrs.add_files('1')
    refsegrs.write('train', '1 road\n')
    for test_mode in (False, True):
        dataset = RefSegRSDataset(refsegrs.root, 'train', [lambda results: None], test_mode=test_mode)
        with pytest.raises(ReferringDataError, match=r"Sample 'train_1' .* a transform of the pipeline returned None"):
            dataset[0]


def test_error_keeps_its_class_and_text_in_loader_processes(refsegrs):
    broken_image(refsegrs)
    dataset = RefSegRSDataset(refsegrs.root, 'train', LOAD)
    try:
        dataset[20]
    except ReferringDataError:
        in_process = ExceptionWrapper()  # how PyTorch hands an error to the main process
    with pytest.raises(ReferringDataError, match="Sample 'train_21'"):
        in_process.reraise()
    assert isinstance(ReferringFileNotFoundError('text'), FileNotFoundError)
    assert str(ReferringFileNotFoundError('text', 'kind')) == 'text'


def test_mask_of_another_size(refsegrs):
    refsegrs.add_files('1')
    refsegrs.add_files('2', shape=(9, 11))
    (refsegrs.masks / '2.tif').rename(refsegrs.masks / '1.tif')
    refsegrs.write('train', '1 road\n')
    message = (
        f"Sample 'train_1' ('{refsegrs.root / 'output_phrase_train.txt'}', line 1): the mask "
        f"'{refsegrs.masks / '1.tif'}' is 9x11 (height x width), but the image '{refsegrs.images / '1.tif'}' is 8x10. "
        'Replace the one that is wrong.'
    )
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RefSegRSDataset(refsegrs.root, 'train', LOAD)[0]


def test_unreadable_mask(refsegrs):
    refsegrs.add_files('1')
    (refsegrs.masks / '1.tif').write_bytes(b'not an image')
    refsegrs.write('train', '1 road\n')
    message = (
        f"Sample 'train_1' ('{refsegrs.root / 'output_phrase_train.txt'}', line 1): the mask "
        f"'{refsegrs.masks / '1.tif'}' cannot be read (it is not an image). Download it again."
    )
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RefSegRSDataset(refsegrs.root, 'train', LOAD)[0]


def test_annotations_are_one_block_of_bytes(refsegrs):
    refsegrs.add_files('1')
    refsegrs.write('train', '1 road\n' * 5)
    dataset = RefSegRSDataset(refsegrs.root, 'train')
    assert dataset.data_list == []
    assert dataset.data_bytes.nbytes == dataset.data_address[-1] > 0
    assert len(RefSegRSDataset(refsegrs.root, 'train', indices=2)) == 2


def test_unknown_argument_is_refused(refsegrs):
    with pytest.raises(TypeError, match='ann_file'):
        RefSegRSDataset(refsegrs.root, 'train', ann_file='x')


def expressions(dataset):
    return [dataset.get_data_info(i)['expressions'][0] for i in range(len(dataset))]


def test_shuffled_expressions_come_from_another_target_of_the_image(rrsisd):
    root = rrsisd.write()
    plain = RRSISDDataset(root, 'test', test_mode=True)
    shuffled = RRSISDDataset(root, 'test', test_mode=True, shuffle_expressions=True)
    assert expressions(plain) == ['The golf field', 'the left field', 'the ship', 'a golf field in the middle']
    # Image 1 has ref 1 (two sentences) and ref 2, which exchange theirs. Ref 3 is alone on image 2: it takes that of
    # the sample half the split away.
    assert expressions(shuffled) == ['the ship', 'the ship', 'The golf field', 'the left field']
    assert expressions(RRSISDDataset(root, 'test', test_mode=True, shuffle_expressions=True)) == expressions(shuffled)
    for index in range(4):  # nothing else changes
        before, after = plain.get_data_info(index), shuffled.get_data_info(index)
        assert {**before, 'expressions': None} == {**after, 'expressions': None}


def test_three_targets_of_an_image_pass_their_expressions_on_in_a_circle(rrsisd):
    rrsisd.refs[2].update(ann_id=13, image_id=1, file_name='00001.jpg')
    rrsisd.instances['annotations'][2]['image_id'] = 1
    rrsisd.refs[0]['sentences'] = rrsisd.refs[0]['sentences'][:1]
    rrsisd.refs[0]['sent_ids'] = rrsisd.refs[0]['sent_ids'][:1]
    root = rrsisd.write()
    plain = RRSISDDataset(root, 'test', test_mode=True)
    shuffled = RRSISDDataset(root, 'test', test_mode=True, shuffle_expressions=True)
    assert len({plain.get_data_info(index)['img_path'] for index in range(3)}) == 1
    assert expressions(plain) == ['The golf field', 'the ship', 'a golf field in the middle']
    assert expressions(shuffled) == ['the ship', 'a golf field in the middle', 'The golf field']


def test_shuffling_never_gives_words_that_also_fit_the_target(refsegrs):
    for name in '1234':
        refsegrs.add_files(name)
    refsegrs.write('test', '1 the road\n1 asphalt\n2 The road\n3 asphalt\n4 a van\n')
    dataset = RefSegRSDataset(refsegrs.root, 'test', test_mode=True, shuffle_expressions=True)
    # Image 1 is called 'the road' and 'asphalt': only 'a van' of image 4 is left for it.
    assert expressions(dataset)[:2] == ['a van', 'a van']
    assert expressions(dataset)[2] == 'a van'  # half the split away from 2: 4, the first one asked
    assert expressions(dataset)[3] == 'the road'
    assert expressions(dataset)[4] == 'asphalt'


def test_shuffling_without_any_other_expression(refsegrs):
    refsegrs.add_files('1')
    refsegrs.add_files('2')
    path = refsegrs.write('test', '1 the road\n2 the road\n')
    message = (
        f"Expressions cannot be shuffled: sample 'test_1' ('{path}', line 1) finds no other target with an expression "
        'of its own. Take more samples, or leave `shuffle_expressions` out.'
    )
    with pytest.raises(ReferringDataError, match=exactly(message)):
        RefSegRSDataset(refsegrs.root, 'test', test_mode=True, shuffle_expressions=True)


def test_shuffling_in_training_is_refused(refsegrs):
    message = (
        'RefSegRSDataset shuffles expressions in test mode only. Set `test_mode=True` or leave `shuffle_expressions` '
        'out.'
    )
    with pytest.raises(ValueError, match=exactly(message)):
        RefSegRSDataset(refsegrs.root, 'test', shuffle_expressions=True)


def test_a_split_that_is_not_the_published_one_is_told(refsegrs, monkeypatch):
    said = []
    monkeypatch.setattr(base_referring_dataset, 'print_log', lambda message, **_: said.append(message))
    refsegrs.add_files('1')
    refsegrs.write('train', '1 road\n' * 3)
    for published in (3, 2172):
        RefSegRSDataset(refsegrs.root, 'train', LOAD, metainfo=dict(split_sizes=dict(train=published)))
    (message,) = said
    assert 'holds 3 expressions, the published one 2172: scores are not comparable' in message
