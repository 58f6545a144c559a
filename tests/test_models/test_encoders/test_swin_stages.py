# Copyright (c) mmrrsis contributors.
import pytest
import torch
from mmseg.models.backbones import SwinTransformer
from safetensors.torch import save_file
from torch.nn import functional as F

from mmrrsis.models.encoders import SwinStages
from mmrrsis.models.encoders.swin_weights import merge_order, resize_bias_table

ARCH = dict(embed_dims=8, depths=(2, 2, 2, 2), num_heads=(1, 2, 4, 8))


def build(**kwargs):
    torch.manual_seed(1)
    return SwinStages(**{**dict(arch=ARCH, window_size=2, pretrained=None), **kwargs}).eval()


def randomize(model, std=0.3):
    """Make every weight count: the position biases start near zero."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=std)
    model.eval()
    return model


def run(stages, images):
    """Every stage's map as it leaves the stage, and as its readers get it."""
    visual, maps = stages.embed(images), []
    for index in range(4):
        visual = stages.run_stage(index, visual)
        maps.append((visual, stages.normalize(index, visual)))
    return maps


@pytest.fixture(scope='module')
def original():
    """A checkpoint as Swin's authors publish it, and a model of timm that computes what it means."""
    swin = pytest.importorskip('timm.models.swin_transformer')
    model = swin.SwinTransformer(
        img_size=128, window_size=2, embed_dim=8, depths=(2, 2, 2, 2), num_heads=(1, 2, 4, 8), num_classes=3
    )
    randomize(model)
    state_dict = {}
    for key, value in model.state_dict().items():
        part, index, *rest = key.split('.')
        if rest and rest[0] == 'downsample':  # timm merges at the beginning of a stage, the authors at the end
            key = '.'.join([part, str(int(index) - 1), *rest])
        state_dict[key.replace('head.fc.', 'head.')] = value
    for stage in range(4):
        state_dict[f'layers.{stage}.blocks.1.attn_mask'] = torch.zeros(4, 4, 4)
        for block in range(2):
            state_dict[f'layers.{stage}.blocks.{block}.attn.relative_position_index'] = torch.zeros(4, 4).long()
    return model, state_dict


def save(state_dict, path, form):
    if form == 'safetensors':
        path = path.with_suffix('.safetensors')
        save_file({key: value.contiguous() for key, value in state_dict.items()}, path)
    elif form == 'bare':
        torch.save(state_dict, path)
    else:
        torch.save(dict(model=state_dict), path)
    return str(path)


@pytest.mark.parametrize('form', ['model', 'bare', 'safetensors'])
def test_checkpoint_of_the_authors_computes_the_same(original, tmp_path, form):
    model, state_dict = original
    stages = build(pretrained=save(state_dict, tmp_path / 'swin.pth', form))
    stages.init_weights()
    images = torch.randn(2, 3, 128, 128)  # maps larger than the window: timm shrinks it for others
    expected = model.patch_embed(images)
    for index, (visual, _) in enumerate(maps := run(stages, images)):
        expected = model.layers[index](expected)
        torch.testing.assert_close(visual, expected.permute(0, 3, 1, 2), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(maps[3][1], model.norm(expected).permute(0, 3, 1, 2), atol=1e-4, rtol=1e-4)
    for index in range(3):  # no counterpart in a classifier
        layer = getattr(stages.swin, f'norm{index}')
        assert (layer.weight == 1).all()
        assert (layer.bias == 0).all()


@pytest.mark.parametrize('size', [(64, 64), (50, 70)])
def test_stages_together_are_mmsegmentation_s_swin(size):
    swin = randomize(SwinTransformer(**ARCH, window_size=4, drop_path_rate=0.3))
    stages = build(window_size=4)
    stages.load_swin_state_dict(swin.state_dict())
    images = torch.randn(2, 3, *size)
    for (_, normed), expected in zip(run(stages, images), swin(images), strict=True):
        torch.testing.assert_close(normed, expected, atol=1e-6, rtol=1e-6)


def test_checkpoint_of_an_mmpretrain_classifier(tmp_path):
    swin = randomize(SwinTransformer(**ARCH, window_size=2, out_indices=(3,)))
    weights = {f'backbone.{key}': value for key, value in swin.state_dict().items()}
    weights['head.fc.weight'] = torch.zeros(3, 64)
    path = tmp_path / 'classifier.pth'
    torch.save(dict(meta=dict(epoch=1), state_dict=weights), path)
    stages = build(pretrained=str(path))
    stages.init_weights()
    images = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(run(stages, images)[3][1], swin(images)[0], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(('side', 'sizes'), [(480, (120, 60, 30, 15)), (512, (128, 64, 32, 16))])
def test_sizes_of_the_published_inputs(side, sizes):
    stages = build(arch=dict(ARCH, embed_dims=4, num_heads=(1, 1, 1, 1), depths=(2, 1, 1, 1)), window_size=12)
    with torch.no_grad():
        maps = run(stages, torch.randn(1, 3, side, side))
    for (_, normed), size, channels in zip(maps, sizes, stages.channels, strict=True):
        assert normed.shape == (1, channels, size, size)
        assert normed.isfinite().all()


def test_random_weights_warn_loudly():
    with pytest.warns(UserWarning, match='RANDOM weights .*image.pretrained=None'):
        build().init_weights()


def test_architectures_have_names():
    assert build(arch='tiny', window_size=7).channels == (96, 192, 384, 768)


def test_position_biases_follow_the_window(original):
    _, state_dict = original
    stages = build(window_size=4)
    index = stages.swin.stages[0].blocks[0].attn.w_msa.relative_position_index.clone()
    stages.load_swin_state_dict(state_dict)
    attention = stages.swin.stages[1].blocks[1].attn.w_msa
    old = state_dict['layers.1.blocks.1.attn.relative_position_bias_table']  # (9, 2)
    for head in range(2):
        expected = F.interpolate(old[:, head].view(1, 1, 3, 3), (7, 7), mode='bicubic')
        torch.testing.assert_close(attention.relative_position_bias_table[:, head].view(7, 7), expected[0, 0])
    assert torch.equal(stages.swin.stages[0].blocks[0].attn.w_msa.relative_position_index, index)
    with torch.no_grad():
        assert run(stages, torch.randn(1, 3, 64, 64))[3][1].isfinite().all()


def test_table_of_the_same_window_is_untouched():
    table = torch.randn(25, 3)
    assert torch.equal(resize_bias_table(table, 25), table)


def test_merge_order_by_hand():
    # Two channels c of four pixels p, in the authors' order 10 * p + c.
    weight = torch.tensor([0, 1, 10, 11, 20, 21, 30, 31])
    assert merge_order(weight).tolist() == [0, 20, 10, 30, 1, 21, 11, 31]


def test_other_architecture_and_strange_keys_are_named(original, tmp_path):
    _, state_dict = original
    stages = build(arch=dict(ARCH, depths=(2, 2, 4, 2)))
    with pytest.raises(ValueError, match=r'(?s)swin.pth does not fit.*missing in the checkpoint.*stages.2.blocks.2'):
        stages.load_swin_state_dict(state_dict, source='swin.pth')
    with pytest.raises(ValueError, match=r'unexpected in the checkpoint \(1\):\n    stages.0.gate'):
        build().load_swin_state_dict({**state_dict, 'layers.0.gate': torch.zeros(1)})
    wide = {**state_dict, 'patch_embed.norm.weight': torch.zeros(9)}
    with pytest.raises(ValueError, match=r'patch_embed.norm.weight: checkpoint \(9,\), model \(8,\)'):
        build().load_swin_state_dict(wide)


def test_files_that_are_no_weights_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="image.pretrained='swin_bose.pth' is neither a file nor"):
        build(pretrained='swin_bose.pth').init_weights()
    with pytest.raises(FileNotFoundError, match='package:none.pth'):
        build(pretrained='package:none.pth').init_weights()
    path = tmp_path / 'text.pth'
    path.write_text('not a checkpoint')
    with pytest.raises(ValueError, match='text.pth cannot be read as a checkpoint'):
        build(pretrained=str(path)).init_weights()
    torch.save(dict(epoch=3), path)
    with pytest.raises(ValueError, match='text.pth holds no state dict'):
        build(pretrained=str(path)).init_weights()


def test_failed_download_says_what_to_do(monkeypatch, tmp_path):
    def no_network(url, path):
        raise OSError('no route')

    monkeypatch.setattr('torch.hub.download_url_to_file', no_network)
    monkeypatch.setattr('torch.hub.get_dir', lambda: str(tmp_path))
    stages = build(pretrained='https://example.org/swin.pth?raw=true')
    with pytest.raises(FileNotFoundError, match='could not be downloaded.*--cfg-options model.encoder.image.pretrai'):
        stages.init_weights()


def test_a_download_is_kept_and_not_repeated(original, monkeypatch, tmp_path):
    _, state_dict = original
    asked = []

    def download(url, path):
        asked.append(url)
        torch.save(dict(model=state_dict), path)

    monkeypatch.setattr('mmrrsis.models.encoders.image_weights.is_reachable', lambda url: True)
    monkeypatch.setattr('torch.hub.download_url_to_file', download)
    monkeypatch.setattr('torch.hub.get_dir', lambda: str(tmp_path))
    for _ in range(2):
        stages = build(pretrained='https://example.org/swin.pth?raw=true')
        stages.init_weights()
        torch.testing.assert_close(stages.swin.norm3.weight, state_dict['norm.weight'])
    assert asked == ['https://example.org/swin.pth?raw=true']


@pytest.mark.parametrize(
    ('arch', 'message'),
    [
        ('bose', "arch='bose' is no Swin"),
        (dict(embed_dims=8, depths=(2, 2)), 'must have the keys'),
        (dict(ARCH, num_heads=(1, 2)), 'one number per stage'),
        (dict(ARCH, num_heads=(3, 2, 4, 8)), 'stage 1 has 8 channels, which 3 heads'),
    ],
)
def test_faulty_architectures_are_named(arch, message):
    with pytest.raises(ValueError, match=message):
        build(arch=arch)
