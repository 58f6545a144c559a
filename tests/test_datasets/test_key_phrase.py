# Copyright (c) mmrrsis contributors.
import json
import pickle
import random
import re
from pathlib import Path

import nltk.data
import pytest

from mmrrsis.datasets.expressions.vocabulary import COLORS, RRSISD_CATEGORIES
from mmrrsis.datasets.key_phrase import (
    KeyPhraseFinder,
    load_tagger,
    read_corpus,
    read_lexicon,
    save_tagger,
    train_tagger,
)
from mmrrsis.datasets.key_phrase.tagger import TAGGER_FILE
from mmrrsis.datasets.synthesis.scene_generator import SceneGenerator

DATA = Path(__file__).parents[1] / 'data'
SETS = ('key_phrases', 'key_phrases_second', 'key_phrases_held_out')


def exactly(text):
    return '^' + re.escape(text) + '$'


def read_labels(name):
    """Return (style, expression, span or None) of every line."""
    labels = []
    for line in (DATA / f'{name}.tsv').read_text().splitlines():
        if not line.startswith('#'):
            style, marked = line.split('\t')
            before, mark, rest = marked.partition('[')
            phrase, end, behind = rest.partition(']')
            assert bool(mark) == bool(end), line
            span = (len(before), len(before) + len(phrase)) if mark else None
            labels.append((style, before + phrase + behind, span))
    return labels


def normalized(text):
    return ' '.join(re.findall(r"[a-z0-9'-]+", text.lower().replace(" 's", "'s")))


@pytest.fixture(scope='module')
def find():
    return KeyPhraseFinder()


@pytest.mark.parametrize('name', SETS)
def test_labelled_expressions(find, name):
    labels = read_labels(name)
    wrong = [(expression, span, find(expression)) for _, expression, span in labels if find(expression) != span]
    assert len(wrong) <= 0.05 * len(labels), wrong


def test_label_files_are_as_described():
    first, second, held_out = map(read_labels, SETS)
    assert len(first) >= 160
    assert len(held_out) == len(second) == 60
    of_synthrs = [label for label in first if label[0] == 'synthrs']
    assert 3 * len(of_synthrs) <= len(first)
    texts = [normalized(expression) for labels in (first, second, held_out) for _, expression, _ in labels]
    assert len(set(texts)) == len(texts)


def test_no_labelled_expression_is_in_the_corpus():
    corpus = {normalized(' '.join(word for word, _ in sentence)) for sentence in read_corpus()}
    labelled = {normalized(expression) for name in SETS for _, expression, _ in read_labels(name)}
    assert not corpus & labelled


@pytest.mark.parametrize(
    ('expression', 'phrase'),
    [
        ('The large red ship on the left of the dock', 'large red ship'),
        ('On the left of the image there is a golf field', 'golf field'),
        ('THE RED SHIP ON THE LEFT', 'RED SHIP'),
        ('  the   red\tship  ', 'red\tship'),
        ('the (red) ship', 'ship'),
        ('a row of trees along the road', 'row of trees'),
        ('the left of the two bridges', 'left of the two bridges'),
        ('facing the road, a church', 'church'),
        ('between the dam and the bridge there is a boat', 'boat'),
        ('a black, white and red bus', 'black, white and red bus'),
        ('car and truck on the road', 'car'),
        ('on the left', None),
        ('next to the large stadium', None),
        ('...', None),
        ('', None),
        ('\u8239', '\u8239'),
    ],
)
def test_definition(find, expression, phrase):
    span = find(expression)
    assert (None if span is None else expression[slice(*span)]) == phrase


@pytest.mark.parametrize(
    ('words', 'tags'),
    [
        ('the glorp on the left', 'DT NN IN DT NN'),  # a noun by its place
        ('car flerped at the gate', 'NN VBN IN DT NN'),  # by its ending
        ('car flerping the gate', 'NN VBG DT NN'),
        ('the harpy-vehicle parked here', 'DT NN VBN RB'),  # as its last part
        ('The Ship', 'DT NN'),  # whatever the case
    ],
)
def test_unknown_words(words, tags):
    assert [tag for _, tag in load_tagger('mmrrsis').tag(words.split())] == tags.split()


def test_synthrs_phrases_are_the_words_before_the_place(find):
    """Compared with a pattern for the head of SynthRS's own grammar."""
    adjective = '|'.join([*COLORS, r'\w+most', r'\w+est', 'large', 'big', 'small', 'little', 'second', 'third'])
    names = '|'.join(sorted(RRSISD_CATEGORIES, key=len, reverse=True))
    pattern = re.compile(
        rf'(?:an?|the) (?P<phrase>(?:\w+ of the two )?(?:(?:{adjective}) )*(?:{names})(?:e?s)?)\b', re.IGNORECASE
    )
    count = 0
    for level in ('easy', 'full'):
        generator = SceneGenerator(level=level, image_size=64, seed=5)
        for index in range(8):
            for referral in generator.generate(index).referrals:
                for expression in referral.expressions:
                    assert find(expression) == pattern.match(expression).span('phrase'), expression
                    count += 1
    assert count > 20


def test_shipped_tagger_is_what_training_gives(tmp_path):
    state = random.getstate()
    save_tagger(train_tagger(read_corpus(), read_lexicon()), tmp_path / 'tagger.json')
    assert random.getstate() == state
    hint = 'run tools/misc/train_key_phrase_tagger.py'
    assert (tmp_path / 'tagger.json').read_text() == TAGGER_FILE.read_text(), hint


def test_finder_survives_pickling(find):
    """As it must where workers are spawned."""
    again = pickle.loads(pickle.dumps(find))
    assert again('the red ship on the left') == (4, 12)


def test_corpus_line_without_a_tag(tmp_path):
    path = tmp_path / 'corpus.txt'
    path.write_text('# words\n\nthe/DT ship\n')
    message = f"{path}, line 3: 'ship' is not 'word/TAG'. Write a tag behind every word."
    with pytest.raises(ValueError, match=exactly(message)):
        read_corpus(path)


def test_lexicon_word_with_two_tags(tmp_path):
    path = tmp_path / 'lexicon.txt'
    path.write_text('NN ship dock\nVBZ dock\n')
    message = (
        f"{path}, line 2: 'dock' is VBZ here and NN above. A word with two tags belongs into the corpus, in "
        'expressions.'
    )
    with pytest.raises(ValueError, match=exactly(message)):
        read_lexicon(path)


def test_lexicon_yields_to_the_corpus():
    tagger = train_tagger([[('dock', 'VBZ')]], {'dock': 'NN', 'quay': 'NN'})
    assert tagger.perceptron.tagdict == {'quay': 'NN'}


def test_unknown_tagger():
    message = "There is no tagger 'spacy'. Choose one of 'mmrrsis', 'nltk'."
    with pytest.raises(ValueError, match=exactly(message)):
        KeyPhraseFinder('spacy')


@pytest.fixture
def nltk_data(monkeypatch, tmp_path):
    """An empty folder in place of NLTK's."""
    monkeypatch.setattr(nltk.data, 'path', [str(tmp_path)])
    load_tagger.cache_clear()
    yield tmp_path
    load_tagger.cache_clear()


def test_nltk_tagger_that_was_not_downloaded(nltk_data):
    message = (
        "tagger='nltk' needs NLTK's English tagger, which is not on this machine. Run `python -m nltk.downloader "
        'averaged_perceptron_tagger_eng`, set NLTK_DATA to the folder that holds it, or use '
        "tagger='mmrrsis', which needs no download."
    )
    with pytest.raises(FileNotFoundError, match=exactly(message)):
        KeyPhraseFinder('nltk')


def test_nltk_tagger_reads_nltks_folder_and_keeps_the_case(nltk_data):
    folder = nltk_data / 'taggers' / 'averaged_perceptron_tagger_eng'
    folder.mkdir(parents=True)
    parts = dict(weights={}, tagdict={'The': 'DT', 'Glorp': 'NN', 'near': 'IN', 'it': 'PRP'}, classes=['NN', 'IN'])
    for name, part in parts.items():
        (folder / f'averaged_perceptron_tagger_eng.{name}.json').write_text(json.dumps(part))
    assert KeyPhraseFinder('nltk')('The Glorp near it') == (4, 9)
