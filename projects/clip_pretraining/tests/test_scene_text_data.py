# Copyright (c) mmrrsis contributors.
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import mmcv
import numpy as np
import pytest
import torch
from clip_pretraining import (
    LimitLogitScaleHook,
    SceneTextDataset,
    SynthRSSceneTextDataset,
    UnmaskedTailHook,
    WriteTowersHook,
    scene_text_transforms,
    synthrs_scene_text_dataset,
)
from clip_pretraining.clip_pretrainer import CLIPPretrainer
from mmengine.dataset import ConcatDataset

from mmrrsis.engine import load_config
from mmrrsis.registry import DATASETS, TRANSFORMS

PROJECT = Path(__file__).resolve().parents[1]

TOKENIZER = dict(type='CLIPTokenizer', max_tokens=22)


@pytest.mark.parametrize(
    ('direction', 'before', 'after'),
    [
        ('horizontal', 'The leftmost red ship, right of a dock', 'The rightmost red ship, left of a dock'),
        ('horizontal', 'The upper ship', 'The upper ship'),
        ('vertical', 'Topmost ship above the lower left tank', 'Bottommost ship below the upper left tank'),
        ('vertical', 'The lowest ship', 'The uppermost ship'),
    ],
)
def test_words_are_mirrored_with_the_scene(direction, before, after):
    assert scene_text_transforms.mirror_text(before, direction) == after


def test_mirrored_scenes_move_boxes_with_their_pixels():
    np.random.seed(0)
    image = np.zeros((8, 8, 3), np.uint8)
    image[1:3, 0:4] = 255
    mirror = TRANSFORMS.build(dict(type='MirrorScene'))
    seen = set()
    for _ in range(20):
        sample = dict(img=image, regions=[[0, 1 / 8, 4 / 8, 3 / 8]], captions=[], expressions=['the upper left ship'])
        result = mirror(sample)
        left, top, right, bottom = (8 * result['regions'][0]).round().astype(int)
        assert (right - left, bottom - top) == (4, 2)
        assert (result['img'][top:bottom, left:right] == 255).all() and (result['img'] > 0).sum() == 3 * 8
        words = result['expressions'][0].split()
        assert words[1:3] == ['upper' if top == 1 else 'lower', 'left' if left == 0 else 'right']
        seen.add((left, top))
    assert len(seen) == 4


def write(folder, entries):
    (folder / 'texts.json').write_text(json.dumps(dict(metainfo={}, data_list=entries)))
    return dict(ann_file='texts.json', data_root=str(folder), data_prefix=dict(img_path='images'))


def entry(**changes):
    return {
        'img_path': 'a.png',
        'captions': ['one', 'two', 'three'],
        'regions': [[0.0, 0.5, 0.5, 1.0]],
        'expressions': [['left', 'lower left', 'the left one']],
        **changes,
    }


def test_photographs_with_texts_become_inputs(tmp_path):
    (tmp_path / 'images').mkdir()
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[..., 2] = 200  # red, in BGR
    mmcv.imwrite(picture, str(tmp_path / 'images/a.png'))
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(16, 16), keep_ratio=False),
        dict(type='ChooseTexts'),
        dict(type='PackSceneTexts', tokenizer=TOKENIZER),
    ]
    bare = entry(captions=[], regions=[], expressions=[])
    dataset = SceneTextDataset(pipeline=pipeline, **write(tmp_path, [entry(), bare]))
    np.random.seed(0)
    packed = dataset[0]
    assert packed['inputs'].shape == (3, 16, 16) and packed['inputs'].float().mean((1, 2)).tolist() == [0, 0, 200]
    sample = packed['data_samples']
    assert sample.caption_ids.shape == (1, 22) and sample.expression_ids.shape == (1, 22)
    assert sample.regions.tolist() == [[0.0, 0.5, 0.5, 1.0]]
    assert len({tuple(dataset[0]['data_samples'].caption_ids[0].tolist()) for _ in range(20)}) == 3
    sample = dataset[1]['data_samples']
    assert (
        sample.caption_ids.shape == (0, 22) and sample.regions.shape == (0, 4) and sample.expression_ids.shape[0] == 0
    )


def test_test_mode_keeps_one_text_of_a_kind_and_always_the_same(tmp_path):
    options = write(tmp_path, [entry() for _ in range(30)])
    first, second = (SceneTextDataset(test_mode=True, **options) for _ in range(2))
    chosen = [(info['captions'], *info['expressions']) for info in map(first.get_data_info, range(30))]
    assert chosen == [(info['captions'], *info['expressions']) for info in map(second.get_data_info, range(30))]
    assert all(len(pool) == 1 for pools in chosen for pool in pools)
    assert {pools[0][0] for pools in chosen} == {'one', 'two', 'three'}
    other = SceneTextDataset(test_mode=True, text_seed=1, **options)
    assert [other.get_data_info(i)['captions'] for i in range(30)] != [pools[0] for pools in chosen]


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(regions=[[0.5, 0.5, 0.2, 1.0]]), 'is no box [left, top, right, bottom] in parts of the image'),
        (dict(regions=[[10, 20, 30, 40]]), 'is no box'),
        (dict(expressions=[]), '1 regions, but expressions for 0'),
        (dict(expressions=[[]]), 'has no expression'),
    ],
)
def test_faults_of_an_entry_are_named(tmp_path, changes, message):
    with pytest.raises(ValueError) as error:
        SceneTextDataset(**write(tmp_path, [entry(**changes)]))
    assert message in str(error.value) and "texts.json, entry of 'a.png'" in str(error.value)


def test_missing_key_is_named(tmp_path):
    with pytest.raises(ValueError, match="texts.json: an entry has no 'captions'"):
        SceneTextDataset(**write(tmp_path, [dict(img_path='a.png')]))


@pytest.fixture
def rendered(monkeypatch):
    """Scenes of one colour each in place of the renderer, in this process."""

    def render_chunk(level, split, seed, start, count, size):
        images = np.zeros((count, size, size, 3), np.uint8)
        images[..., 0] = np.arange(start, start + count)[:, None, None]  # red, in RGB
        text = dict(captions=[level], regions=[[0.0, 0.0, 1.0, 1.0]], expressions=[['all of it']])
        return images, [dict(text) for _ in range(count)]

    class Pool:
        def __init__(self, workers):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        map = staticmethod(map)

    monkeypatch.setattr(synthrs_scene_text_dataset, 'render_chunk', render_chunk)
    monkeypatch.setattr(synthrs_scene_text_dataset, 'ProcessPoolExecutor', Pool)


def test_scenes_are_rendered_once_and_read_as_bgr(rendered, tmp_path, monkeypatch):
    pipeline = [dict(type='LoadRenderedScene')]
    options = dict(data_root=tmp_path / 's', split='train', scenes=dict(easy=110, full=3), image_size=8)
    dataset = SynthRSSceneTextDataset(pipeline=pipeline, **options)
    assert len(dataset) == 113
    assert [dataset[i]['img'][0, 0].tolist() for i in (5, 109, 112)] == [[0, 0, 5], [0, 0, 109], [0, 0, 2]]
    assert dataset[109]['captions'] == ['easy'] and dataset[110]['captions'] == ['full']
    monkeypatch.setattr(synthrs_scene_text_dataset, 'render_chunk', None)
    assert len(SynthRSSceneTextDataset(**options)) == 113
    with pytest.raises(ValueError, match='train_113.json holds scenes rendered with .*Choose another `data_root`'):
        SynthRSSceneTextDataset(**dict(options, seed=1))


def test_config_of_the_readme_joins_photographs_and_rendered_scenes(rendered, tmp_path, monkeypatch):
    (text,) = re.findall(r'```python\n(.*?)```', (PROJECT / 'README.md').read_text(), re.DOTALL)
    shutil.copytree(PROJECT / 'configs', tmp_path / 'projects/clip_pretraining/configs')
    (tmp_path / 'configs').symlink_to(PROJECT.parents[1] / 'configs')
    (tmp_path / 'projects/clip_pretraining/configs/my_towers.py').write_text(text)
    (tmp_path / 'data/photographs/images').mkdir(parents=True)
    entries = [entry(regions=[], expressions=[])]
    (tmp_path / 'data/photographs/train.json').write_text(json.dumps(dict(metainfo={}, data_list=entries)))
    mmcv.imwrite(np.zeros((40, 60, 3), np.uint8), str(tmp_path / 'data/photographs/images/a.png'))
    monkeypatch.chdir(tmp_path)
    cfg = load_config('projects/clip_pretraining/configs/my_towers.py')
    cfg.train_dataloader.dataset.datasets[0].scenes = dict(easy=3, full=2)
    cfg.train_dataloader.dataset['_scope_'] = 'mmrrsis'
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    samples = [dataset[index] for index in range(6)]
    assert len(dataset) == 6 and all(sample['inputs'].shape == (3, 128, 128) for sample in samples)
    assert [len(sample['data_samples'].regions) for sample in samples] == [1, 1, 1, 1, 1, 0]
    assert all(len(sample['data_samples'].caption_ids) == 1 for sample in samples)


def make_runner(iteration, tmp_path=None, dataset=None):
    arch = dict(
        embed_dim=8,
        vision_cfg=dict(image_size=16, patch_size=8, width=8, layers=1, head_width=8),
        text_cfg=dict(context_length=8, vocab_size=49408, width=8, heads=1, layers=1),
    )
    loader, logger = SimpleNamespace(dataset=dataset), SimpleNamespace(info=lambda text: None)
    model = CLIPPretrainer(arch, patch_dropout=0.25)
    return SimpleNamespace(
        iter=iteration, max_iters=10, model=model, work_dir=tmp_path, train_dataloader=loader, logger=logger
    )


def test_patches_are_kept_in_the_tail():
    found = {}
    for iteration in (0, 6, 7, 9):
        runner = make_runner(iteration)
        UnmaskedTailHook(share=0.3).before_train_iter(runner, iteration)
        found[iteration] = runner.model.clip.visual.patch_dropout.prob
    assert found == {0: 0.25, 6: 0.25, 7: 0.0, 9: 0.0}


def test_scale_is_limited():
    runner = make_runner(0)
    for value, expected in ((10.0, 4.605170), (1.0, 1.0)):
        runner.model.clip.logit_scale.data.fill_(value)
        LimitLogitScaleHook().after_train_iter(runner, 0)
        assert runner.model.clip.logit_scale.item() == pytest.approx(expected)


def test_towers_are_written_with_the_rows_of_all_words_of_joined_sources(tmp_path):
    (tmp_path / 'one').mkdir(), (tmp_path / 'two').mkdir()
    sources = [
        SceneTextDataset(**write(tmp_path / 'one', [entry()])),
        SceneTextDataset(**write(tmp_path / 'two', [entry(captions=['a windmill'])])),
    ]
    runner = make_runner(3, tmp_path, ConcatDataset(sources))
    WriteTowersHook().before_save_checkpoint(runner, dict(meta=dict(iter=3)))
    from safetensors.torch import load_file

    weights = load_file(tmp_path / 'clip.safetensors')
    tokenizer = scene_text_transforms.TOKENIZERS.build(TOKENIZER)
    ids = set(weights['token_embedding.row_ids'].tolist())
    texts = ('one two three', 'the lower left one', 'a windmill', 'upper right')  # the last is the mirrored one
    for text in texts:
        assert set(tokenizer(text).token_ids.tolist()) <= ids
    assert not set(tokenizer('ship').token_ids[1:2].tolist()) & ids
    row = weights['token_embedding.row_ids'].tolist().index(tokenizer('windmill').token_ids[1].item())
    own = runner.model.clip.token_embedding.weight[tokenizer('windmill').token_ids[1]].half()
    assert torch.equal(weights['token_embedding.rows'][row], own)


def test_hooks_name_a_foreign_model():
    runner = SimpleNamespace(model=torch.nn.Linear(1, 1), iter=9, max_iters=10)
    with pytest.raises(TypeError, match='are for CLIPPretrainer, but the model is Linear'):
        UnmaskedTailHook().before_train_iter(runner, 9)
