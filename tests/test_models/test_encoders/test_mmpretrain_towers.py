# Copyright (c) mmrrsis contributors.
import subprocess
import sys

import pytest
import torch
from mmengine.registry import DefaultScope
from safetensors.torch import save_file

from mmrrsis.models.encoders import StagewiseEncoder
from mmrrsis.models.encoders.build_image_tower import build_image_tower

pytest.importorskip('modelindex.load_model_index', reason='the extra mmpretrain is not installed')
CONVNEXT = dict(type='mmpretrain.ConvNeXt', arch=dict(depths=[1, 1, 2, 1], channels=[8, 16, 24, 32]))
SWIN = dict(
    type='mmpretrain.SwinTransformer',
    arch=dict(embed_dims=8, depths=[1, 2, 1, 1], num_heads=[1, 2, 2, 4]),
    window_size=4,
)
RESNET = dict(type='mmpretrain.ResNetV1d', depth=18, stem_channels=8, base_channels=8)
ALL = pytest.mark.parametrize('cfg', [CONVNEXT, SWIN, RESNET], ids=lambda cfg: cfg['type'])


@pytest.fixture(autouse=True)
def scope():
    """As in training, where types without a scope are those of mmrrsis."""
    with DefaultScope.overwrite_default_scope('mmrrsis'):
        yield


def build(cfg):
    torch.manual_seed(0)
    tower = build_image_tower(cfg)
    tower.train(False)
    with torch.no_grad():  # ConvNeXt starts with branches that are scaled to nothing
        for parameter in tower.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return tower


@ALL
@pytest.mark.parametrize('size', [(64, 96), (50, 70)])
def test_stages_are_the_backbone(cfg, size):
    tower = build(cfg)
    images = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    maps, expected = tower(images), tower.backbone(images)
    assert tower.channels == tuple(value.shape[1] for value in expected)
    for own, theirs in zip(maps, expected, strict=True):
        torch.testing.assert_close(own, theirs)


@ALL
def test_a_fused_tower_learns(cfg):
    fusion = dict(type='BSC', inner_channels=6)
    arch = dict(vocab_size=40, hidden_size=12, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16)
    encoder = StagewiseEncoder(cfg, dict(type='BERTStages', arch=arch), [fusion] * 4, text_groups=(1, 1, 1, 1))
    encoder.train()
    visual = encoder.image.embed(torch.randn(2, 3, 64, 64))
    words, mask = torch.randn(2, 5, 12), torch.ones(2, 5, dtype=torch.bool)
    total = 0
    for stage in range(4):
        visual, words = encoder.fusions[str(stage)](encoder.image.run_stage(stage, visual), words, mask)
        total = total + (encoder.image.normalize(stage, visual) * torch.randn_like(visual)).sum()
    total.backward()
    for name, parameter in encoder.image.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


@ALL
def test_weights_of_a_classifier_are_read(cfg, tmp_path):
    source, tower = build(cfg), build_image_tower(cfg)
    weights = {f'backbone.{key}': value for key, value in source.backbone.state_dict().items()}
    for stage in range(3):
        for part in ('weight', 'bias'):
            weights.pop(f'backbone.norm{stage}.{part}', None)  # a classifier has the last norm only
    save_file({**weights, 'head.fc.weight': torch.zeros(2, 2)}, tmp_path / 'weights.safetensors')
    pretrained = dict(type='Pretrained', checkpoint=str(tmp_path / 'weights.safetensors'), prefix='backbone.')
    tower = build_image_tower(dict(cfg, init_cfg=pretrained))
    tower.init_weights()
    own = tower.backbone.state_dict()
    for key, value in weights.items():
        torch.testing.assert_close(own[key.removeprefix('backbone.')], value)

    weights.pop('backbone.' + next(key for key, value in own.items() if key.endswith('weight')))
    save_file(weights, tmp_path / 'weights.safetensors')
    with pytest.raises(ValueError, match=r'does not fit model\.encoder\.image.*\n.*missing in the checkpoint \(1\)'):
        build_image_tower(dict(cfg, init_cfg=pretrained)).init_weights()
    (tmp_path / 'weights.safetensors').unlink()
    with pytest.raises(FileNotFoundError, match=r'model\.encoder\.image\.init_cfg\.checkpoint='):
        build_image_tower(dict(cfg, init_cfg=pretrained)).init_weights()


@ALL
def test_random_weights_are_said(cfg):
    tower = build_image_tower(cfg)
    with pytest.warns(UserWarning, match=rf'{cfg["type"]} starts from RANDOM weights \(model.encoder.image.init_cfg='):
        tower.init_weights()


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='mmpretrain.ConvNext'), r"image\.type='mmpretrain\.ConvNext' is not registered. Use .*mmpretrain"),
        (dict(type='SwinStage'), r"image\.type='SwinStage' is not registered. Use SwinStages, TIMMStages, mmpretrain"),
        (dict(type='mmpretrain.LeNet5'), "'mmpretrain.LeNet5' cannot be run stage by stage. Use SwinStages"),
        (dict(type='mmpretrain.ResNet_CIFAR', depth=18), 'cannot be run stage by stage'),  # its own forward
        (dict(type='BERTStages'), "'BERTStages' cannot be run stage by stage"),
        (dict(CONVNEXT, out_indices=[3]), r'image\.out_indices=\(3,\) must name all 4 stages'),
        (dict(SWIN, use_abs_pos_embed=True), r'image\.use_abs_pos_embed=True'),
        (dict(SWIN, out_after_downsample=True), r'image\.out_after_downsample=True'),
    ],
)
def test_unfit_towers_are_named(cfg, message):
    with pytest.raises(ValueError, match=message):
        build_image_tower(cfg)


def test_mmpretrain_is_imported_without_its_multimodal_part():
    """In a process of its own, in which nothing has imported mmpretrain."""
    code = """
import importlib.metadata
before = importlib.metadata.distribution
from mmrrsis.models.encoders.mmpretrain_import import import_mmpretrain
import_mmpretrain()
import_mmpretrain()
import mmpretrain.models, transformers
assert importlib.metadata.distribution is before
assert mmpretrain.utils.dependency.WITH_MULTIMODAL is False
assert 'ConvNeXt' in mmpretrain.registry.MODELS.module_dict
try:
    mmpretrain.registry.MODELS.get('BlipCaption')()
except ImportError as error:
    assert 'multi-modal' in str(error)
else:
    raise AssertionError('the multimodal part is there')
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, 'mmpretrain', raising=False)
    monkeypatch.setattr('mmrrsis.models.encoders.mmpretrain_import.find_spec', lambda name: None)
    with pytest.raises(ImportError, match=r"image needs mmpretrain\. Install it with `pip install 'mmrrsis\[mmpretra"):
        build_image_tower(CONVNEXT)
