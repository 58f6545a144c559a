# Copyright (c) mmrrsis contributors.
import pickle
import re

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from transformers import BertTokenizerFast

from mmrrsis.datasets.tokenizers import BERTTokenizer, CLIPTokenizer
from mmrrsis.datasets.transforms import MaskKeyPhrase, PackReferringInputs, TokenizeExpression
from mmrrsis.package_files import resolve_package_file
from mmrrsis.registry import TRANSFORMS
from mmrrsis.structures import ReferringTextBatch

VOCABULARY = 'package:wordpiece_small.txt'
PAD, UNK, CLS, SEP = 0, 1, 2, 3


def exactly(text):
    return '^' + re.escape(text) + '$'


def tokenize(expression, max_tokens=20):
    """Run both transforms as a pipeline does."""
    steps = [dict(type='MaskKeyPhrase'), dict(type='TokenizeExpression', tokenizer=bert_cfg(max_tokens))]
    results = dict(expression=expression)
    with DefaultScope.overwrite_default_scope('mmrrsis'):
        for step in steps:
            results = TRANSFORMS.build(step)(results)
    return results['text']


def bert_cfg(max_tokens=20):
    return dict(type='BERTTokenizer', name_or_path=VOCABULARY, max_tokens=max_tokens)


@pytest.fixture(scope='module')
def own():
    """Transformers' tokenizer, for the pieces of a text alone."""
    return BertTokenizerFast(vocab=str(resolve_package_file(VOCABULARY)))


@pytest.mark.parametrize('max_tokens', [20, 7, 4, 3])
@pytest.mark.parametrize(
    ('before', 'phrase', 'behind'),
    [
        ('The ', 'large red ship', ' on the left of the dock'),
        ('', 'road', ''),
        ('', 'light-duty vehicle', ' parked along the street.'),
        ('The ', 'Gray Expressway-Service-Area', ' on the right'),
        ('On the left of the image, there is a ', 'golf field', '.'),
        ('In the upper left corner of the picture and next to the long gray road there is a ', 'red van', ' with a'),
        ('The ', 'zorblaxification', ' near the d\u00f4ck'),  # many pieces, an accent
        ('  the \t', 'black,  white bus', '!?'),
        ('the ', "ship's deck", ' at 12.5 m'),
    ],
)
def test_exactly_the_pieces_of_the_phrase_are_masked(own, before, phrase, behind, max_tokens):
    """Spaces and punctuation separate words, so that a text has the pieces of its parts, one after the other."""
    parts = [own(part, add_special_tokens=False)['input_ids'] for part in (before, phrase, behind)]
    ids = [*parts[0], *parts[1], *parts[2]]
    room = max_tokens - 2
    hidden = [False] * len(parts[0]) + [True] * len(parts[1]) + [False] * len(parts[2])
    kept, cut = ids[:room], hidden[:room]
    padding = max_tokens - 2 - len(kept)
    text = tokenize(before + phrase + behind, max_tokens)
    assert text.token_ids.tolist() == [CLS, *kept, SEP] + [PAD] * padding
    assert text.token_mask.tolist() == [True] * (len(kept) + 2) + [False] * padding
    masked_ids = [PAD if hide else token for token, hide in zip(kept, cut, strict=True)]
    assert text.masked_token_ids.tolist() == [CLS, *masked_ids, SEP] + [PAD] * padding
    assert text.masked_token_mask.tolist() == [True, *(not hide for hide in cut), True] + [False] * padding
    assert text.masked_token_ids.dtype == torch.int64
    assert text.masked_token_mask.dtype == torch.bool
    assert text.raw == before + phrase + behind


def test_without_the_transform_there_is_nothing_masked():
    text = TokenizeExpression(bert_cfg())(dict(expression='the red ship'))['text']
    assert text.masked_token_ids is None
    assert text.masked_token_mask is None


def test_masking_changes_nothing_else():
    expression = 'the red ship on the left'
    plain, masked = BERTTokenizer(VOCABULARY)(expression), tokenize(expression)
    assert torch.equal(plain.token_ids, masked.token_ids)
    assert torch.equal(plain.token_mask, masked.token_mask)


def test_several_spans():
    text = BERTTokenizer(VOCABULARY, 8)('a ship or a bus', masked_spans=[(2, 6), (12, 15)])
    assert text.masked_token_mask.tolist() == [True, True, False, True, True, False, True, False]


def test_expressions_without_a_phrase_are_counted_and_the_first_is_logged(monkeypatch):
    logged = []
    monkeypatch.setattr('mmrrsis.datasets.transforms.mask_key_phrase.print_log', lambda *args: logged.append(args[0]))
    transform = MaskKeyPhrase()
    for expression in ('the ship', 'on the left', 'near the dock', 'a bus'):
        found = transform(dict(expression=expression, sample_id='7_0'))['masked_spans']
        assert bool(found) == (expression in ('the ship', 'a bus'))
    assert transform.missing == 2
    assert logged == [
        "MaskKeyPhrase found no key phrase in 'on the left' (sample '7_0') and masks nothing of it. Further ones are "
        'only counted.'
    ]
    text = tokenize('on the left')
    assert torch.equal(text.masked_token_ids, text.token_ids)
    assert torch.equal(text.masked_token_mask, text.token_mask)


def test_transform_survives_pickling():
    again = pickle.loads(pickle.dumps(MaskKeyPhrase()))
    assert again(dict(expression='the ship'))['masked_spans'] == [(4, 8)]


def test_masked_tokens_reach_the_data_sample():
    packed = PackReferringInputs()(dict(img=np.zeros((4, 4, 3), np.uint8), text=tokenize('the ship at sea')))
    sample = packed['data_samples']
    batch = ReferringTextBatch.stack([sample.text, sample.text])
    assert batch.masked_token_ids.shape == (2, 20)
    assert (batch.masked_token_ids[:, 2] == PAD).all()


@pytest.mark.parametrize('tokenizer', [CLIPTokenizer(), lambda expression: None])
def test_tokenizer_that_cannot_mask(tokenizer):
    message = (
        f'{type(tokenizer).__name__} cannot mask the key phrase. Use BERTTokenizer, or take MaskKeyPhrase out of the '
        'pipeline.'
    )
    with pytest.raises(ValueError, match=exactly(message)):
        TokenizeExpression(tokenizer)(dict(expression='the ship', masked_spans=[(4, 8)]))


def test_vocabulary_that_does_not_ship():
    message = (
        "No vocabulary 'package:nothing.txt', `name_or_path` of BERTTokenizer, ships with mmrrsis. There is "
        'package:bert_uncased_vocab.txt, package:wordpiece_small.txt.'
    )
    with pytest.raises(FileNotFoundError, match=exactly(message)):
        BERTTokenizer('package:nothing.txt')


def test_shipped_vocabulary_knows_every_ascii_text():
    tokenizer = BERTTokenizer(VOCABULARY, 200)
    assert tokenizer.vocab_size == len(resolve_package_file(VOCABULARY).read_text().splitlines())
    for text in (''.join(map(chr, range(32, 127))), 'Zyxwvutsrqponmlkjihgfedcba9876543210', 'q7 42nd x-y caf\u00e9'):
        ids = tokenizer(text).token_ids.tolist()
        assert UNK not in ids
        assert SEP in ids
    assert UNK in tokenizer('the \u8239').token_ids.tolist()
