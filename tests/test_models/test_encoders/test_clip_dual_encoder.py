# Copyright (c) mmrrsis contributors.
import warnings

import pytest
import torch
from open_clip.model import CLIP
from safetensors.torch import save_file
from torch.nn import functional as F

from mmrrsis.checkpoint import pack_embedding, unpack_embeddings
from mmrrsis.datasets.tokenizers import CLIPTokenizer
from mmrrsis.models.encoders import CLIPDualEncoder
from mmrrsis.models.encoders.clip_weights import read_clip_state_dict
from mmrrsis.structures import ReferringTextBatch

ARCH = dict(
    embed_dim=12,
    vision_cfg=dict(image_size=32, patch_size=8, width=16, layers=3, head_width=8),
    text_cfg=dict(context_length=30, vocab_size=49408, width=8, heads=2, layers=2),
)


@pytest.fixture(scope='module')
def clip():
    """A complete CLIP, as one would download it."""
    torch.manual_seed(0)
    model = CLIP(**ARCH)
    # open_clip leaves some of the text tower near zero; make every weight count.
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model.eval()


def build(**kwargs):
    torch.manual_seed(1)
    return CLIPDualEncoder(**{**dict(arch=ARCH, image_size=32, pretrained=None), **kwargs})


def trace(clip):
    """A TorchScript archive such as OpenAI's."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', torch.jit.TracerWarning)  # the shapes that are looked at do not change
        return torch.jit.trace_module(clip, dict(encode_image=torch.randn(1, 3, 32, 32)), check_trace=False)


def tokenize(*expressions, max_tokens=22):
    tokenizer = CLIPTokenizer(max_tokens=max_tokens)
    return ReferringTextBatch.stack([tokenizer(expression) for expression in expressions])


@pytest.fixture
def encoder(clip):
    encoder = build()
    encoder.load_clip_state_dict(clip.state_dict())
    return encoder.eval()


def test_last_layer_and_sentence_are_those_of_open_clip(clip, encoder):
    images, text = torch.randn(2, 3, 32, 32), tokenize('a red ship', 'the storage tank on the left')
    features = encoder(images, text)
    assert [tuple(f.shape) for f in features.visual.layers] == [(2, 16, 4, 4)] * 3
    padded = F.pad(text.token_ids, (0, 8))  # open_clip wants its full context length
    torch.testing.assert_close(features.text.sentence, clip.encode_text(padded), atol=1e-5, rtol=1e-4)
    expected = clip.visual.forward_intermediates(images)['image_intermediates']
    for one, other in zip(features.visual.layers, expected, strict=True):
        torch.testing.assert_close(one, other)
    token = features.visual.layers[-1][0, :, 1, 2]
    projected = F.layer_norm(token, (16,), clip.visual.ln_post.weight, clip.visual.ln_post.bias) @ clip.visual.proj
    torch.testing.assert_close(features.visual.joint[0, :, 1, 2], projected)


def test_padding_changes_neither_words_nor_sentence(encoder):
    short = encoder.encode_text(tokenize('a red ship', max_tokens=8))
    long = encoder.encode_text(tokenize('a red ship', max_tokens=22))
    torch.testing.assert_close(short.sentence, long.sentence, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(short.words[:, :5], long.words[:, :5], atol=1e-5, rtol=1e-4)
    assert long.word_mask.sum() == 5  # [SOS] a red ship [EOS]


@pytest.mark.parametrize('form', ['safetensors', 'bare', 'nested', 'torchscript', 'half'])
def test_every_form_of_weights_is_read(clip, tmp_path, form):
    state_dict = clip.state_dict()
    path = tmp_path / f'clip_{form}.pt'
    if form == 'safetensors':
        path = path.with_suffix('.safetensors')
        save_file({k: v.contiguous() for k, v in state_dict.items()}, path)
    elif form == 'bare':  # RemoteCLIP
        torch.save(state_dict, path)
    elif form == 'nested':  # checkpoints of open_clip's training script
        torch.save(dict(epoch=1, state_dict={f'module.{k}': v for k, v in state_dict.items()}), path)
    elif form == 'half':
        torch.save({k: v.half() for k, v in state_dict.items()}, path)
    else:
        torch.jit.save(trace(clip), path)
    encoder = build(pretrained=str(path), quick_gelu=False)
    encoder.init_weights()
    tolerance = dict(atol=2e-3, rtol=1e-3) if form == 'half' else dict(atol=0, rtol=0)
    for key, value in encoder.clip.state_dict().items():
        torch.testing.assert_close(value, state_dict[key], **tolerance)


def test_position_embeddings_follow_the_grid(clip):
    encoder = build(image_size=64)
    encoder.load_clip_state_dict(clip.state_dict())
    old, new = clip.visual.positional_embedding, encoder.clip.visual.positional_embedding
    grid = old[1:].T.reshape(1, 16, 4, 4)
    expected = F.interpolate(grid, (8, 8), mode='bicubic', antialias=True, align_corners=False)
    torch.testing.assert_close(new[0], old[0])
    torch.testing.assert_close(new[1:].T.reshape(1, 16, 8, 8), expected)
    torch.testing.assert_close(encoder.clip.positional_embedding, clip.positional_embedding)  # text: untouched


def test_weights_of_another_architecture_name_the_mismatch(tmp_path, clip):
    path = tmp_path / 'clip.pt'
    torch.save(clip.state_dict(), path)
    arch = dict(ARCH, vision_cfg=dict(ARCH['vision_cfg'], width=24, layers=4))
    encoder = build(arch=arch, pretrained=str(path))
    with pytest.raises(ValueError, match='clip.pt does not fit') as error:
        encoder.init_weights()
    assert 'missing in the checkpoint (12):\n    visual.transformer.resblocks.3' in str(error.value)


def test_unknown_weights_name_the_known_tags():
    encoder = build(arch='ViT-B-32', image_size=64, pretrained='opanai')
    with pytest.raises(FileNotFoundError, match="pretrained='opanai' is neither a file nor a tag.*openai"):
        encoder.init_weights()


def test_failed_download_says_what_to_do(monkeypatch):
    def no_network(*args, **kwargs):
        raise FileNotFoundError('no route')

    monkeypatch.setattr('open_clip.download_pretrained', no_network)
    encoder = build(arch='ViT-B-32', image_size=64, pretrained='openai')
    with pytest.raises(FileNotFoundError, match='could not be downloaded.*--cfg-options model.encoder.pretrained='):
        encoder.init_weights()


def test_random_weights_warn_loudly():
    with pytest.warns(UserWarning, match='RANDOM weights'):
        build().init_weights()


def test_openai_tag_needs_quick_gelu():
    layer = build(arch='ViT-B-32', image_size=64, pretrained='openai').clip.transformer.resblocks[0].mlp.gelu
    assert type(layer).__name__ == 'QuickGELU'
    layer = (
        build(arch='ViT-B-32', image_size=64, pretrained='laion2b_s34b_b79k').clip.transformer.resblocks[0].mlp.gelu
    )
    assert type(layer).__name__ == 'GELU'


def test_torchscript_archive_with_gelu_is_refused(clip, tmp_path):
    path = tmp_path / 'ViT.pt'
    torch.jit.save(trace(clip), path)
    with pytest.raises(ValueError, match='trained with QuickGELU.*quick_gelu=True'):
        build(pretrained=str(path)).init_weights()


def test_wrong_sizes_are_named(encoder):
    with pytest.raises(ValueError, match='built for 32x32 images but got 40x32'):
        encoder.encode_image(torch.zeros(1, 3, 40, 32))
    with pytest.raises(ValueError, match='padded to 31 tokens but the text tower has 30'):
        encoder.encode_text(tokenize('a ship', max_tokens=31))
    with pytest.raises(ValueError, match='image_size=100 is not a multiple of the patch size 8'):
        build(image_size=100)
    with pytest.raises(ValueError, match="arch='ViT-Z'"):
        build(arch='ViT-Z')


def test_packed_embedding_keeps_its_rows(clip, tmp_path):
    state_dict, row_ids = clip.state_dict(), torch.tensor([5, 49406, 49407])
    path = tmp_path / 'packed.safetensors'
    save_file({k: v.contiguous() for k, v in pack_embedding(state_dict, 'token_embedding', row_ids).items()}, path)
    assert path.stat().st_size < 200_000  # against 1.6 MB for the whole vocabulary
    weight = unpack_embeddings(read_clip_state_dict(path), {'token_embedding': 49408})['token_embedding.weight']
    torch.testing.assert_close(weight[row_ids], state_dict['token_embedding.weight'][row_ids])
    assert weight.count_nonzero() == 3 * 8
    encoder = build(pretrained=str(path))
    encoder.init_weights()
    torch.testing.assert_close(encoder.clip.token_embedding.weight, weight)


def test_every_parameter_learns():
    encoder = build()
    features = encoder(torch.randn(2, 3, 32, 32), tokenize('a red ship', 'the tank'))
    loss = sum(f.square().sum() for f in features.visual.layers) + features.text.sentence.square().sum()
    (loss + features.visual.joint.square().sum() + features.text.words.square().sum()).backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_frozen_towers_keep_their_weights_while_the_rest_learns(clip, tmp_path):
    path = tmp_path / 'clip.safetensors'
    save_file({key: value.contiguous() for key, value in clip.state_dict().items()}, path)
    encoder = build(pretrained=str(path), frozen=True)
    encoder.init_weights()
    head = torch.nn.Linear(16, 1)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=0.1, weight_decay=0.1)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    features = encoder(torch.randn(2, 3, 32, 32), tokenize('a red ship', 'the tank'))
    head(features.visual.layers[-1].permute(0, 2, 3, 1)).square().sum().backward()
    weight = head.weight.detach().clone()
    optimizer.step()
    assert not torch.equal(head.weight, weight)
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, before[name]), name
    torch.testing.assert_close(encoder.clip.visual.proj, clip.visual.proj)
