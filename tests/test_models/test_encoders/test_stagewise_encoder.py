# Copyright (c) mmrrsis contributors.
from dataclasses import replace

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

from mmrrsis.models.fusions import FusedStage
from mmrrsis.registry import MODELS
from mmrrsis.structures import ReferringTextBatch

IMAGE = dict(
    type='SwinStages',
    arch=dict(embed_dims=8, depths=(1, 2, 1, 1), num_heads=(1, 2, 2, 4)),
    window_size=4,
    drop_path_rate=0.0,
)
TEXT = dict(
    type='BERTStages',
    arch=dict(vocab_size=40, hidden_size=12, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16),
)
FUSION = dict(type='BSC', inner_channels=6)


def build(train=False, **kwargs):
    torch.manual_seed(0)
    cfg = dict(type='StagewiseEncoder', image=IMAGE, text=TEXT, fusions=[FUSION] * 4, text_groups=(1, 1, 1, 1))
    return MODELS.build({**cfg, **kwargs}).train(train)


@pytest.fixture
def images():
    return torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def text():
    ids = torch.tensor([[1, 5, 6, 7, 2, 0, 0], [1, 8, 9, 10, 11, 12, 2]])
    masked = torch.tensor([[1, 0, 6, 7, 2, 0, 0], [1, 0, 0, 10, 11, 12, 2]])
    return ReferringTextBatch(ids, ids > 0, ['a', 'b'], masked, masked > 0)


def choose(text, index, length=None):
    names = ('token_ids', 'token_mask', 'masked_token_ids', 'masked_token_mask')
    return replace(text, **{name: getattr(text, name)[index, :length] for name in names})


class Recorder(nn.Module):
    """A fusion that adds fixed numbers and keeps what it saw."""

    def __init__(self, visual_channels, word_channels, output=False):
        super().__init__()
        self.sizes, self.output, self.seen = (visual_channels, word_channels), output, None

    def forward(self, visual, words, word_mask):
        self.seen = (visual, words, word_mask)
        return (
            FusedStage(visual + 1, words, output=visual.square()) if self.output else (visual + 1, words.flip(1) + 2)
        )


@pytest.fixture(autouse=True)
def recorder():
    MODELS.register_module(module=Recorder, force=True)
    yield
    MODELS.module_dict.pop('Recorder')


def test_shapes_of_every_stage(images, text):
    features = build(encode_masked=True)(images, text)
    expected = [(2, 8, 16, 24), (2, 16, 8, 12), (2, 32, 4, 6), (2, 64, 2, 3)]
    assert [tuple(layer.shape) for layer in features.visual.layers] == expected
    assert features.text.words.shape == features.text.masked_words.shape == (2, 7, 12)
    assert torch.equal(features.text.word_mask, text.token_mask)
    assert torch.equal(features.text.masked_word_mask, text.masked_token_mask)
    assert features.visual.joint is None
    assert features.text.sentence is None


def test_without_fusions_the_towers_are_alone(images, text):
    encoder = build(fusions=[None] * 4)
    features = encoder(images, text)
    for layer, expected in zip(features.visual.layers, encoder.image.swin(images), strict=True):
        torch.testing.assert_close(layer, expected, atol=1e-6, rtol=1e-6)
    bert = encoder.text.bert(input_ids=text.token_ids, attention_mask=text.token_mask.long())
    torch.testing.assert_close(features.text.words, bert.last_hidden_state, atol=1e-6, rtol=1e-6)
    assert features.text.masked_words is None


def test_results_of_a_fusion_go_on_into_both_towers(images, text):
    encoder = build(fusions=[None, dict(type='Recorder'), dict(type='Recorder'), None])
    features = encoder(images, text)
    image, tower = encoder.image, encoder.text
    visual = image.run_stage(1, image.run_stage(0, image.embed(images)))
    words = tower.run_layers(tower.embed(text.token_ids), text.token_mask, 0, 2)
    first, second = encoder.fusions['1'], encoder.fusions['2']
    assert (first.sizes, second.sizes) == ((16, 12), (32, 12))
    torch.testing.assert_close(first.seen[0], visual)  # as it leaves the stage, not normalised
    torch.testing.assert_close(first.seen[1], words)
    assert torch.equal(first.seen[2], text.token_mask)
    torch.testing.assert_close(features.visual.layers[1], image.normalize(1, visual + 1))
    torch.testing.assert_close(second.seen[0], image.run_stage(2, visual + 1))
    words = tower.run_layers(words.flip(1) + 2, text.token_mask, 2, 3)
    torch.testing.assert_close(second.seen[1], words)
    expected = tower.run_layers(words.flip(1) + 2, text.token_mask, 3, 4)
    torch.testing.assert_close(features.text.words, expected)


def test_a_fusion_may_give_the_decoder_something_else(images, text):
    encoder = build(fusions=[dict(type='Recorder', output=True), dict(type='Recorder'), None, None])
    features = encoder(images, text)
    visual = encoder.fusions['0'].seen[0]
    torch.testing.assert_close(features.visual.layers[0], encoder.image.normalize(0, visual.square()))
    torch.testing.assert_close(encoder.fusions['1'].seen[0], encoder.image.run_stage(1, visual + 1))


def test_all_layers_in_the_first_group_give_finished_words(images, text):
    encoder = build(fusions=[dict(type='Recorder', output=True)] * 4, text_groups=(4, 0, 0, 0))
    words = encoder(images, text).text.words
    expected = encoder.text(text.token_ids, text.token_mask)
    for fusion in encoder.fusions.values():
        torch.testing.assert_close(fusion.seen[1], expected)
    torch.testing.assert_close(words, expected)


def test_masked_words_ignore_the_image_and_the_key_phrase(images, text):
    encoder = build(encode_masked=True)
    masked = encoder(images, text).text.masked_words
    torch.testing.assert_close(masked, encoder.text(text.masked_token_ids, text.masked_token_mask))
    text.token_ids[:, 1] = 20  # within the key phrase
    torch.testing.assert_close(encoder(images.flip(0), text).text.masked_words, masked)


def test_reference_words_in_training_only_and_without_gradient(images, text):
    arch = dict(TEXT['arch'], hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    encoder = build(train=True, text=dict(TEXT, arch=arch), encode_reference=True)
    features = encoder(images, text).text
    torch.testing.assert_close(features.reference_words, encoder.text(text.token_ids, text.token_mask).detach())
    assert not features.reference_words.requires_grad
    assert not torch.allclose(features.words, features.reference_words)
    assert encoder.eval()(images, text).text.reference_words is None
    assert build(train=True)(images, text).text.reference_words is None


def test_both_passes_of_the_text_share_weights(images, text):
    encoder = build(train=True, encode_masked=True)
    encoder(images, text).text.masked_words[..., 0].sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.text.parameters())
    assert all(parameter.grad is None for parameter in encoder.image.parameters())
    assert {name.split('.')[0] for name, _ in encoder.named_parameters()} == {'image', 'text', 'fusions'}
    assert sum(p.numel() for p in encoder.text.parameters()) == sum(p.numel() for p in build().text.bert.parameters())


def test_padding_words_change_nothing(images, text):
    # In double precision: an instance norm magnifies what rounding leaves where a gate hardly varies.
    encoder, images = build(encode_masked=True).double(), images.double()
    long = encoder(images[:1], choose(text, slice(1)))
    other = choose(text, slice(1))
    other.token_ids[:, 5:] = 13
    short = choose(text, slice(1), 5)
    for features in (encoder(images[:1], other), encoder(images[:1], short)):
        for one, expected in zip(features.visual.layers, long.visual.layers, strict=True):
            torch.testing.assert_close(one, expected)
        torch.testing.assert_close(features.text.words[:, :5], long.text.words[:, :5])
        masked = features.text.masked_words[:, :5]
        torch.testing.assert_close(masked, long.text.masked_words[:, :5])


def test_a_batch_is_its_samples(images, text):
    encoder, images = build(encode_masked=True).double(), images.double()
    both = encoder(images, text)
    for sample in range(2):
        part = slice(sample, sample + 1)
        alone = encoder(images[part], choose(text, part))
        for one, other in zip(alone.visual.layers, both.visual.layers, strict=True):
            torch.testing.assert_close(one, other[part])
        torch.testing.assert_close(alone.text.words, both.text.words[part])
        torch.testing.assert_close(alone.text.masked_words, both.text.masked_words[part])


def test_every_parameter_gets_a_gradient_and_none_is_frozen(images, text):
    encoder = build(train=True, encode_masked=True, encode_reference=True)
    features = encoder(images, text)
    outputs = (*features.visual.layers, features.text.words, features.text.masked_words)
    torch.manual_seed(0)
    sum((output * torch.randn_like(output)).sum() for output in outputs).backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.requires_grad, name
        assert parameter.grad is not None, name
        assert parameter.grad.any() or name.endswith('key.bias'), name  # the softmax cancels the bias of BERT's keys


def test_learning_rates_of_towers_and_fusions():
    model = nn.Module()
    model.encoder = build()
    slow = dict(lr_mult=0.1)
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            optimizer=dict(type='AdamW', lr=1e-4),
            paramwise_cfg=dict(custom_keys={'encoder.image': slow, 'encoder.text': slow}),
        ),
    )
    rates = {id(group['params'][0]): group['lr'] for group in wrapper.optimizer.param_groups}
    for name, parameter in model.encoder.named_parameters():
        assert rates[id(parameter)] == pytest.approx(1e-4 if name.startswith('fusions') else 1e-5), name


def test_weights_of_both_towers_and_fusions_are_initialised(images, text):
    encoder = build()
    with pytest.warns(UserWarning) as warned:
        encoder.init_weights()
    messages = ' '.join(str(warning.message) for warning in warned)
    assert 'image.pretrained=None' in messages
    assert 'text.pretrained=None' in messages
    assert encoder(images, text).text.words.isfinite().all()


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(fusions=[FUSION] * 3), 'encoder.fusions has 3 entries but the image tower has 4 stages'),
        (dict(text_groups=(2, 2)), 'encoder.text_groups has 2 entries'),
        (dict(text_groups=(3, 3, 3, 3)), r'text_groups=\(3, 3, 3, 3\) must share out the 4 layers'),
        (dict(text_groups=(5, -1, 0, 0)), 'no negative number'),
    ],
)
def test_faulty_settings_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)


def test_missing_masked_text_is_named(images, text):
    plain = replace(text, masked_token_ids=None, masked_token_mask=None)
    with pytest.raises(ValueError, match='encode_masked=True needs the expression without its key phrase'):
        build(encode_masked=True)(images, plain)
    assert build()(images, plain).text.masked_words is None
