# Copyright (c) mmrrsis contributors.
import pytest
import torch
from transformers import BertConfig, BertForPreTraining, BertModel

from mmrrsis.models.encoders import BERTStages

ARCH = dict(
    vocab_size=40,
    hidden_size=8,
    num_hidden_layers=4,
    num_attention_heads=2,
    intermediate_size=12,
    max_position_embeddings=10,
)


def build(**kwargs):
    torch.manual_seed(1)
    return BERTStages(**{**dict(arch=ARCH, pretrained=None), **kwargs}).eval()


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A model as one would download it, with the heads of its pretraining."""
    torch.manual_seed(0)
    model = BertForPreTraining(BertConfig(**ARCH))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    path = tmp_path_factory.mktemp('bert')
    model.save_pretrained(path)
    return path


TOKENS = torch.tensor([[1, 5, 6, 2, 0, 0], [1, 7, 8, 9, 10, 2]])
MASK = TOKENS > 0


@pytest.mark.parametrize('groups', [(4,), (1, 1, 1, 1), (4, 0, 0), (0, 3, 1)])
def test_groups_together_are_transformers_bert(folder, groups):
    stages = build(pretrained=str(folder))
    stages.init_weights()
    words, start = stages.embed(TOKENS), 0
    for length in groups:
        words = stages.run_layers(words, MASK, start, start + length)
        start += length
    bert = BertModel.from_pretrained(folder).eval()
    expected = bert(input_ids=TOKENS, attention_mask=MASK.long()).last_hidden_state
    torch.testing.assert_close(words[MASK], expected[MASK], atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(stages(TOKENS, MASK), words)


def test_padding_changes_nothing():
    stages = build()
    words = stages(TOKENS, MASK)
    other = torch.where(MASK, TOKENS, 3)
    torch.testing.assert_close(stages(other, MASK)[MASK], words[MASK])
    torch.testing.assert_close(stages(TOKENS[:1, :4], MASK[:1, :4]), words[:1, :4])


def test_dropout_is_active_in_training_only():
    stages = build()
    assert torch.equal(stages(TOKENS, MASK), stages(TOKENS, MASK))
    stages.train()
    assert not torch.allclose(stages(TOKENS, MASK), stages(TOKENS, MASK))


def test_every_parameter_gets_a_gradient():
    stages = build()
    stages(TOKENS, MASK).square().sum(-1)[:, 0].sum().backward()
    missing = [name for name, parameter in stages.named_parameters() if parameter.grad is None]
    assert not missing


def test_base_is_bert_base():
    with torch.device('meta'):
        stages = BERTStages()
    assert (stages.channels, stages.num_layers, stages.bert.config.vocab_size) == (768, 12, 30522)


def test_random_weights_warn_loudly():
    with pytest.warns(UserWarning, match='RANDOM weights .*text.pretrained=None'):
        build().init_weights()


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(num_hidden_layers=5), r'missing in the checkpoint \(\d+\):\n    encoder.layer.4'),
        (dict(num_hidden_layers=3), r'unexpected in the checkpoint \(\d+\):\n    (bert\.)?encoder.layer.3'),
        (dict(intermediate_size=16), r'intermediate.dense.weight: checkpoint \(12, 8\), model \(16, 8\)'),
        (dict(num_attention_heads=4), 'num_attention_heads: checkpoint 2, model 4'),
    ],
)
def test_weights_of_another_architecture_are_named(folder, changes, message):
    stages = build(arch=dict(ARCH, **changes), pretrained=str(folder))
    with pytest.raises(ValueError, match='does not fit model.encoder.text.arch') as error:
        stages.init_weights()
    error.match(message)


def test_missing_weights_say_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match='--cfg-options model.encoder.text.pretrained='):
        build(pretrained=str(tmp_path)).init_weights()
    with pytest.raises(FileNotFoundError, match="text.pretrained='package:no_bert' is no folder"):
        build(pretrained='package:no_bert').init_weights()


def test_faulty_settings_are_named():
    with pytest.raises(ValueError, match='BertConfig does not know: hiden_size'):
        build(arch=dict(ARCH, hiden_size=4))
    with pytest.raises(ValueError, match="arch='large' is unknown"):
        build(arch='large')
    with pytest.raises(ValueError, match='padded to 11 tokens but BERT has 10 positions'):
        build().embed(torch.ones(1, 11, dtype=torch.long))


def test_fewer_layers_take_the_first_ones_of_the_weights(folder):
    stages = build(arch={**ARCH, 'num_hidden_layers': 3}, pretrained=str(folder), take_first_layers=True)
    stages.init_weights()
    whole = build(pretrained=str(folder))
    whole.init_weights()
    expected = whole.run_layers(whole.embed(TOKENS), MASK, 0, 3)
    torch.testing.assert_close(stages(TOKENS, MASK), expected)
    more = build(arch={**ARCH, 'num_hidden_layers': 5}, pretrained=str(folder), take_first_layers=True)
    with pytest.raises(ValueError, match=r'missing'):
        more.init_weights()


@pytest.mark.parametrize('frozen_layers, names', [(0, ('embeddings',)), (2, ('embeddings', 'layer.0', 'layer.1'))])
def test_frozen_layers_get_no_gradient(frozen_layers, names):
    stages = build(frozen_layers=frozen_layers)
    stages(TOKENS, MASK).square().sum().backward()
    for name, parameter in stages.named_parameters():
        assert (parameter.grad is None) == any(part in name for part in names)


def test_more_frozen_layers_than_there_are_is_refused():
    with pytest.raises(ValueError, match='frozen_layers=5'):
        build(frozen_layers=5)
