# Copyright (c) mmrrsis contributors.
"""The example of a method of one's own: importing it registers its parts."""

from .sentence_film import SentenceFiLM

__all__ = ['SentenceFiLM']
