# Copyright (c) mmrrsis contributors.
import re

import open_clip
import pytest
import torch
from transformers import BertTokenizer

from mmrrsis.datasets.tokenizers import BERTTokenizer, CLIPTokenizer
from mmrrsis.registry import TOKENIZERS

LONG = (
    'the large white ship that lies at the far left side of the long harbor in the upper part of the image near a dam'
)


def exactly(text):
    return '^' + re.escape(text) + '$'


def test_clip_ids_are_those_of_open_clip():
    tokenizer = TOKENIZERS.build(dict(type='CLIPTokenizer', max_tokens=22))
    text = tokenizer('The large White ship.')
    expected = open_clip.tokenize('The large White ship.')[0]  # 77 long
    assert text.token_ids.dtype == torch.int64
    assert text.token_mask.dtype == torch.bool
    assert torch.equal(text.token_ids, expected[:22])
    assert expected[22:].eq(0).all()
    assert text.token_mask.tolist() == [True] * 7 + [False] * 15  # [SOS], four words, the full stop, [EOS]
    assert text.raw == 'The large White ship.'


def test_clip_keeps_both_ends_of_a_cut_expression():
    text = CLIPTokenizer(max_tokens=22)(LONG)
    full = open_clip.tokenize(LONG)[0]
    assert int(full.argmax()) == 26  # 25 tokens of text: 5 too many
    assert torch.equal(text.token_ids[:21], full[:21])
    assert text.token_ids[0] == 49406
    assert text.token_ids[21] == 49407
    assert text.token_mask.all()
    assert text.raw == LONG


def test_clip_expression_that_just_fits_is_not_cut():
    expression = ' '.join(['ship'] * 20)
    text = CLIPTokenizer(max_tokens=22)(expression)
    assert torch.equal(text.token_ids, open_clip.tokenize(expression)[0, :22])
    assert CLIPTokenizer(max_tokens=22)(expression + ' dam').token_ids.tolist() == text.token_ids.tolist()


def test_clip_exclamation_mark_is_no_padding():
    """Padding has the id 0, and so has '!' inside of a word."""
    tokenizer = CLIPTokenizer(max_tokens=8)
    assert tokenizer('ship !/ dam').token_ids.tolist()[2] == 0
    for expression in ('!', 'ship! dam', 'ship !/ dam', '!/ !/ !/ !/'):
        text = tokenizer(expression)
        end = text.token_ids.tolist().index(49407)
        assert text.token_mask.tolist() == [True] * (end + 1) + [False] * (7 - end)


@pytest.mark.parametrize('word', ['<end_of_text>', '<start_of_text>'])
def test_clip_refuses_special_tokens_in_an_expression(word):
    message = (
        f"The expression 'the {word} ship' holds '<start_of_text>' or '<end_of_text>', which CLIP keeps for the ends "
        'of a text. Take it out.'
    )
    with pytest.raises(ValueError, match=exactly(message)):
        CLIPTokenizer()(f'the {word} ship')


@pytest.fixture
def vocabulary(tmp_path):
    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'the', 'ship', 'on', 'left', '##s', 'har', '##bor', '.']
    folder = tmp_path / 'bert'
    folder.mkdir()
    (folder / 'vocab.txt').write_text('\n'.join(words) + '\n')
    return folder


@pytest.mark.parametrize('kind', ['folder', 'file'])
def test_bert_ids(vocabulary, kind):
    path = vocabulary if kind == 'folder' else vocabulary / 'vocab.txt'
    text = TOKENIZERS.build(dict(type='BERTTokenizer', name_or_path=str(path), max_tokens=10))(
        'The ships on a Harbor.'
    )
    # [CLS] the ship ##s on [UNK] har ##bor . [SEP]
    assert text.token_ids.tolist() == [2, 5, 6, 9, 7, 1, 10, 11, 12, 3]
    assert text.token_ids.dtype == torch.int64
    assert text.token_mask.all()
    assert text.token_mask.dtype == torch.bool
    assert text.raw == 'The ships on a Harbor.'


def test_bert_keeps_both_ends_of_a_cut_expression(vocabulary):
    text = BERTTokenizer(str(vocabulary), max_tokens=20)('the ship ' * 15)
    own = BertTokenizer(str(vocabulary / 'vocab.txt'))('the ship ' * 15)['input_ids']
    assert len(own) == 32
    assert text.token_ids.tolist() == [*own[:19], 3]
    assert text.token_mask.all()


def test_bert_masks_padding(vocabulary):
    text = BERTTokenizer(str(vocabulary))('left ship')
    assert text.token_ids.tolist() == [2, 8, 6, 3] + [0] * 16
    assert text.token_mask.tolist() == [True] * 4 + [False] * 16


def test_bert_without_vocabulary_says_what_to_do(tmp_path):
    name = str(tmp_path / 'nothing')
    message = (
        f"BERTTokenizer found no vocabulary for '{name}': it is no folder or file here, and the Hugging Face hub did "
        "not deliver it. Check the name, or download 'vocab.txt' of the model elsewhere and give its path or folder "
        'as `name_or_path`, the key `tokenizer.name_or_path` of TokenizeExpression in the pipelines.'
    )
    with pytest.raises(OSError, match=exactly(message)) as caught:
        BERTTokenizer(name)
    assert isinstance(caught.value.__cause__, OSError)


def test_bert_folder_without_vocabulary(tmp_path):
    message = (
        f"The folder '{tmp_path}', `name_or_path` of BERTTokenizer, holds neither 'vocab.txt' nor 'tokenizer.json'. "
        "Copy one of the model's files there."
    )
    with pytest.raises(FileNotFoundError, match=exactly(message)):
        BERTTokenizer(str(tmp_path))


@pytest.mark.parametrize(
    ('cls', 'ends'), [(CLIPTokenizer, '[SOS], a word and [EOS]'), (BERTTokenizer, '[CLS], a word and [SEP]')]
)
def test_room_for_a_word_is_required(cls, ends):
    message = f'{cls.__name__} needs `max_tokens` of 3 or more, for {ends}, but got 2.'
    with pytest.raises(ValueError, match=exactly(message)):
        cls(max_tokens=2)
