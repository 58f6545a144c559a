# Copyright (c) mmrrsis contributors.
"""Tokenizers of referring expressions.

A tokenizer is called with an expression and returns a :class:`~mmrrsis.structures.ReferringText`, padded and cut to
its attribute ``max_tokens``. Its method ``count_tokens`` tells how many tokens an expression has that is not cut.
"""

from .bert_tokenizer import BERTTokenizer
from .clip_tokenizer import CLIPTokenizer

__all__ = ['BERTTokenizer', 'CLIPTokenizer']
