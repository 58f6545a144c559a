# Copyright (c) mmrrsis contributors.
import re
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from pycocotools import mask as coco_mask

from mmrrsis.datasets import ReferringDataError, RefSegRSDataset, RRSISDDataset
from mmrrsis.datasets.transforms import (
    ChooseExpression,
    LoadReferringMask,
    PackReferringInputs,
    TokenizeExpression,
)
from mmrrsis.structures import ReferringDataSample, ReferringText

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_'
SCENE = Config.fromfile(CONFIGS / 'pipelines' / 'clip_480x480.py')


def exactly(text):
    return '^' + re.escape(text) + '$'


def test_training_pipeline(refsegrs):
    mask = np.zeros((8, 10), np.uint8)
    mask[2:6, 3:7] = 255
    image = refsegrs.add_files('1', mask)
    refsegrs.write('train', '1 the red van\n')
    data = RefSegRSDataset(refsegrs.root, 'train', SCENE.train_pipeline)[0]
    expected = cv2.resize(image, (480, 480), interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)  # BGR as on disk
    assert data['inputs'].dtype == torch.uint8
    assert data['inputs'].is_contiguous()
    np.testing.assert_array_equal(data['inputs'].numpy(), expected)
    sample = data['data_samples']
    assert isinstance(sample, ReferringDataSample)
    assert sample.gt_mask.data.dtype == torch.bool
    resized = cv2.resize(mask, (480, 480), interpolation=cv2.INTER_NEAREST)[None] > 0
    np.testing.assert_array_equal(sample.gt_mask.data.numpy(), resized)
    assert sample.text.raw == 'the red van'
    assert sample.text.token_ids.shape == (22,)
    assert sample.metainfo == dict(
        sample_id='train_1',
        img_path=str(refsegrs.images / '1.tif'),
        ori_shape=(8, 10),
        img_shape=(480, 480),
        category='van',
        subset=None,
    )


def test_test_pipeline_keeps_the_size_of_the_mask(rrsisd):
    sample = RRSISDDataset(rrsisd.write(), 'test', SCENE.test_pipeline, test_mode=True)[1]['data_samples']
    assert sample.gt_mask.data.shape == (1, 12, 16)
    assert int(sample.gt_mask.data.sum()) == 4 * 6 + 2 * 4
    assert sample.img_shape == (480, 480)
    assert sample.ori_shape == (12, 16)
    assert sample.text.raw == 'the left field'


def test_without_ground_truth_there_is_no_mask():
    """Inference gives an image and a sentence only."""
    image = np.random.default_rng(0).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    text = ReferringText(torch.tensor([1]), torch.tensor([True]), 'x')
    data = PackReferringInputs()(dict(img=image, text=text, ori_shape=(6, 7), img_shape=(6, 7)))
    assert 'gt_mask' not in data['data_samples']
    assert data['data_samples'].sample_id is None
    np.testing.assert_array_equal(data['inputs'].numpy()[0], image[..., 0])


def test_one_of_several_expressions_is_drawn_from_numpys_generator():
    choose = ChooseExpression()
    np.random.seed(3)
    drawn = [choose(dict(expressions=['a', 'b', 'c']))['expression'] for _ in range(60)]
    np.random.seed(3)
    assert drawn == ['abc'[np.random.randint(3)] for _ in range(60)]
    assert set(drawn) == {'a', 'b', 'c'}


def test_a_single_expression_is_no_draw():
    np.random.seed(0)
    before = np.random.get_state()[2]
    assert ChooseExpression()(dict(expressions=['a']))['expression'] == 'a'
    assert np.random.get_state()[2] == before


@pytest.mark.parametrize('expressions', ['the ship', []])
def test_expressions_must_be_a_filled_list(expressions):
    message = f'ChooseExpression needs a list of one or more expressions, but `expressions` is {expressions!r}.'
    with pytest.raises(ValueError, match=exactly(message)):
        ChooseExpression()(dict(expressions=expressions))


@pytest.mark.parametrize('expression', ['', ' \t', '&nbsp;'])
def test_expression_without_a_word_is_refused(expression):
    tokenize = TokenizeExpression(dict(type='CLIPTokenizer'))
    message = f'The expression {expression!r} has no word. Say in words what to segment.'
    with pytest.raises(ValueError, match=exactly(message)):
        tokenize(dict(expression=expression))


def test_tokenizer_can_be_given_built():
    text = ReferringText(torch.arange(4), torch.ones(4, dtype=torch.bool), 'x')
    assert TokenizeExpression(lambda expression: text)(dict(expression='x'))['text'] is text


def sample_with(segmentation, height=12, width=16, ori_shape=(12, 16)):
    return dict(
        sample_id='5',
        source="'refs', ref_id 5",
        img_path='image.jpg',
        ori_shape=ori_shape,
        segmentation=segmentation,
        height=height,
        width=width,
    )


@pytest.mark.parametrize('kind', [str, bytes])
def test_compressed_counts_may_be_text_or_bytes(kind):
    mask = np.zeros((12, 16), np.uint8)
    mask[3:9, 2:5] = 1
    rle = coco_mask.encode(np.asfortranarray(mask))
    if kind is str:
        rle['counts'] = rle['counts'].decode()
    for segmentation in ([rle], rle):  # COCO writes a single RLE without a list
        read = LoadReferringMask()(sample_with(segmentation))['gt_seg_map']
        np.testing.assert_array_equal(read, mask)


@pytest.mark.parametrize(
    ('segmentation', 'reason'),
    [
        ('abc', 'ValueError: expected a list of polygons or RLEs, found str'),
        ([1, 2, 3, 4, 5, 6], 'ValueError: expected a list of polygons or RLEs, found a list with int'),
        ([[1, 2, 3, 4]], 'ValueError: a polygon needs three or more points, found 4 numbers'),
        ([dict(size=[16, 12], counts=[192])], 'ValueError: the RLE is 16x12, the image entry says 12x16'),
        ([dict(size=[12, 16], counts=[1, 2])], 'ValueError: the counts of an RLE add up to 3, not 192'),
        ([dict(size=[12, 16])], "KeyError: 'counts'"),
    ],
)
def test_broken_segmentation(segmentation, reason):
    message = (
        f"Sample '5' ('refs', ref_id 5): the segmentation cannot be decoded ({reason}). "
        'Download the annotations again.'
    )
    with pytest.raises(ReferringDataError, match=exactly(message)):
        LoadReferringMask()(sample_with(segmentation))


def test_image_entry_of_another_size_than_the_image():
    message = (
        "Sample '5' ('refs', ref_id 5): the mask is 12x16 (height x width), but the image 'image.jpg' is 16x12. "
        'Replace the one that is wrong.'
    )
    with pytest.raises(ReferringDataError, match=exactly(message)):
        LoadReferringMask()(sample_with([[1, 1, 5, 1, 5, 5]], ori_shape=(16, 12)))


@pytest.mark.parametrize('name', ['rrsisd', 'refsegrs', 'risbench', 'synthrs'])
def test_dataset_configs_build_loaders_and_evaluators(name, rrsisd, phrase_list, tmp_path):
    """As a leaf does it: the base of a data set, that of the pipeline, and both put together."""
    if name in ('rrsisd', 'synthrs'):
        root = rrsisd.write()
    else:
        folders = ('images', 'masks', '.tif') if name == 'refsegrs' else ('img_rgb', 'mask', '.png')
        data = phrase_list(tmp_path / name, *folders)
        data.add_files('1')
        for split in ('train', 'val', 'test'):
            data.write(split, '1 the bridge\n')
        root = data.root
    cfg = Config.fromfile(CONFIGS / 'datasets' / f'{name}.py')
    with DefaultScope.overwrite_default_scope('mmrrsis'):
        for split in ('train', 'val', 'test'):
            loader_cfg = cfg[f'{split}_dataloader']
            assert loader_cfg.dataset.data_root == f'data/{name}'
            pipeline = SCENE.train_pipeline if split == 'train' else SCENE.test_pipeline
            loader_cfg.dataset.update(pipeline=pipeline, data_root=str(root))
            loader_cfg.update(num_workers=0, persistent_workers=False)
            loader = Runner.build_dataloader(loader_cfg, seed=0)
            assert loader.dataset.split == split
            assert loader.dataset.test_mode is (split != 'train')
            batch = next(iter(loader))
            assert batch['inputs'][0].shape == (3, 480, 480)
            endless = loader_cfg.sampler.type == 'InfiniteSampler'  # repeats samples until a batch is full
            assert len(batch['data_samples']) == (loader.batch_size if endless else len(loader.dataset))
    assert cfg.val_evaluator == cfg.test_evaluator == dict(type='ReferringIoU')


def test_mmcv_loads_bgr(refsegrs):
    """The data preprocessor turns BGR to RGB; so the loader must give what OpenCV reads."""
    image = refsegrs.add_files('1')
    np.testing.assert_array_equal(mmcv.imread(str(refsegrs.images / '1.tif')), image)
