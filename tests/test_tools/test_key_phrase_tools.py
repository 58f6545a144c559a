# Copyright (c) mmrrsis contributors.
import json
import runpy
import sys
from pathlib import Path

import pytest

from mmrrsis.package_files import resolve_package_file

TOOLS = Path(__file__).resolve().parents[2] / 'tools/misc'
SHIPPED = resolve_package_file('package:wordpiece_small.txt')


def run(monkeypatch, name, *arguments):
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    runpy.run_path(str(TOOLS / name), run_name='__main__')


def test_show_key_phrase_prints_one_line_each(monkeypatch, capsys):
    run(monkeypatch, 'show_key_phrase.py', 'The large red\nship on the left', 'on the left', 'a row of trees')
    assert capsys.readouterr().out == 'large red ship\n\nrow of trees\n'


def test_training_tool_takes_corpus_and_lexicon(monkeypatch, capsys, tmp_path):
    corpus, lexicon, out = (tmp_path / name for name in ('corpus.txt', 'lexicon.txt', 'tagger.json'))
    corpus.write_text('the/DT glorp/NN\n' * 3)
    lexicon.write_text('NN object\n')
    run(monkeypatch, 'train_key_phrase_tagger.py', '--corpus', corpus, '--lexicon', lexicon, '--out', out)
    assert capsys.readouterr().out == (f'100.00% of the words of 3 expressions are tagged as given.\nWrote {out}.\n')
    content = json.loads(out.read_text())
    assert content['tagdict'] == dict(the='DT', glorp='NN', object='NN')
    assert content['seen'] == ['glorp', 'the']


def test_vocabulary_of_few_words():
    build = runpy.run_path(str(TOOLS / 'build_wordpiece_vocabulary.py'))['build_vocabulary']
    tokens = build(['The ships, 12 Ships!', 'caf\u00e9 \u8239 ship'], pieces=3)
    characters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    inner = ['##' + character for character in characters if character.isalnum()]
    # 'sh' and 'shi' begin two words, all other pieces stand in one: the first of the alphabet goes before.
    assert tokens == [
        *('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'), *characters, *inner, 'cafe', 'ship', 'ships', 'the',
        'ca', 'sh', 'shi', '##afe', '##fe', '##he',
    ]  # fmt: skip
    assert tokens == build(reversed(['The ships, 12 Ships!', 'caf\u00e9 \u8239 ship']), pieces=3)


def test_shipped_vocabulary_has_the_words_of_its_sources():
    module = runpy.run_path(str(TOOLS / 'build_wordpiece_vocabulary.py'))
    shipped = SHIPPED.read_text().splitlines()
    assert shipped[:5] == ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
    assert len(set(shipped)) == len(shipped)
    assert 2000 < len(shipped) < 5000
    hint = 'run tools/misc/build_wordpiece_vocabulary.py'
    words = module['build_vocabulary'](module['read_texts'](3, seed=1), pieces=0)
    assert set(words) <= set(shipped), hint


@pytest.mark.slow
def test_shipped_vocabulary_is_what_the_tool_builds(monkeypatch, tmp_path):
    run(monkeypatch, 'build_wordpiece_vocabulary.py', '--out', tmp_path / 'vocab.txt')
    assert (tmp_path / 'vocab.txt').read_bytes() == SHIPPED.read_bytes()
