# Copyright (c) mmrrsis contributors.
"""The key phrase of a referring expression: which words name the object."""

from .key_phrase_finder import KeyPhraseFinder
from .tagger import load_tagger, read_corpus, read_lexicon, save_tagger, train_tagger

__all__ = ['KeyPhraseFinder', 'load_tagger', 'read_corpus', 'read_lexicon', 'save_tagger', 'train_tagger']
