# Copyright (c) mmrrsis contributors.
import pytest
import torch
from safetensors.torch import save_file

from mmrrsis.apis import KnownWords
from mmrrsis.apis.known_words import split_words


@pytest.fixture
def known_words():
    expressions = ['The red ship.', 'the largest storage tank on the left', 'a bus near the ferries', 'two harbors']
    return KnownWords.from_expressions(expressions, ['ship', 'bus', 'ship'])


def test_words_are_in_lower_case_without_marks_and_possessive_endings():
    text = "The ship's dark-red Hull, 2 Häuser (s)"
    assert split_words(text) == ['the', 'ship', 'dark', 'red', 'hull', '2', 'häuser', 's']


@pytest.mark.parametrize(
    ('expression', 'unknown'),
    [
        ('The red SHIP on the left', ()),
        ('the ships, the buses and the harbor', ()),  # plural for singular and the other way round
        ('this ferry is one of those that are red', ('one',)),  # what only binds is always known
        ('the purple ship behind the purple pier', ('purple', 'behind', 'pier')),
        ('the reddish-brown tank', ('reddish', 'brown')),
        ('3 ships', ('3',)),
        ('图中的船', ('图中的船',)),
    ],
)
def test_unknown_words_are_those_that_training_never_had(known_words, expression, unknown):
    assert known_words.unknown_words(expression) == unknown


@pytest.mark.parametrize(
    ('expression', 'noun'),
    [
        ('the zzz', 'zzz'),
        ('the tree on the left', 'tree'),
        ('the Trees', 'trees'),
        ('a row of trees near the ship', 'trees'),
        ('the tank truck', 'truck'),
        ('das Schiff', 'schiff'),
        ('the purple ship', None),  # another word is unknown
        ('the ship near the tree', None),  # only the object must be known
        ('the ships', None),
        ('on the left', None),  # no object at all
    ],
)
def test_unknown_object_is_the_noun_of_the_key_phrase(known_words, expression, noun):
    assert known_words.unknown_object(expression) == noun


def test_weights_carry_the_words(known_words, tmp_path):
    tensors = dict(weight=torch.zeros(2))
    metadata = known_words.to_metadata()
    assert metadata['categories'] == '["bus", "ship"]' and metadata['words'].startswith('["a", "bus", "ferries", ')
    save_file(tensors, tmp_path / 'words.safetensors', metadata=metadata)
    assert KnownWords.from_checkpoint(tmp_path / 'words.safetensors') == known_words
    save_file(tensors, tmp_path / 'bare.safetensors')
    save_file(tensors, tmp_path / 'other.safetensors', metadata=dict(format='pt'))
    torch.save(tensors, tmp_path / 'a.pth')
    for name in ('bare.safetensors', 'other.safetensors', 'a.pth'):
        assert KnownWords.from_checkpoint(tmp_path / name) is None
    save_file(tensors, tmp_path / 'broken.safetensors', metadata=dict(words='[ship'))
    with pytest.raises(ValueError, match=r'broken.safetensors has `words` .* no JSON lists.*publish_model.py'):
        KnownWords.from_checkpoint(tmp_path / 'broken.safetensors')
