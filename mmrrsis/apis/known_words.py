# Copyright (c) mmrrsis contributors.
"""The words that a model was trained on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmrrsis.checkpoint_file import read_metadata
from mmrrsis.datasets.key_phrase import KeyPhraseFinder

# Words, and the parts of compounds such as 'dark-red'; a possessive ending is none.
_WORD = re.compile(r"(?!(?<=['’])s\b)[^\W_]+")

#: Words that bind others together and name nothing. Prepositions of place are not among them: a model that has never
#: seen 'beneath' does not know where that is.
FUNCTION_WORDS = frozenset(
    'a an the this that these those of and or which who is are was were be been being it its there'.split()
)


def find_words(text: str) -> Iterator[re.Match[str]]:
    """Find the words of a text, the parts of a compound one by one.

    Args:
        text: Any text.

    Yields:
        Matches, with the places of the words.
    """
    return _WORD.finditer(text)


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case, the parts of a compound one by one, without possessive endings."""
    return [match[0].lower() for match in find_words(text)]


def _inflections(word: str) -> Iterator[str]:
    """Yield a word with the regular endings of singular and plural taken off or put on."""
    yield word
    if word.endswith('ies'):
        yield f'{word[:-3]}y'
    if word.endswith('es'):
        yield word[:-2]
    if word.endswith('s'):
        yield word[:-1]
    yield f'{word}s'
    yield f'{word}es'
    if word.endswith('y'):
        yield f'{word[:-1]}ies'


@dataclass(frozen=True)
class KnownWords:
    """The words that a model was trained on.

    A word is known if training had it, in the singular or the plural, or if it is one of :data:`FUNCTION_WORDS`. That
    says nothing about words that a pretrained text tower has met elsewhere: what they look like, no mask has shown.

    Args:
        words: The words in lower case.
        categories: The kinds of objects that training had masks of.
    """

    words: frozenset[str]
    categories: tuple[str, ...] = ()

    @classmethod
    def from_expressions(cls, expressions: Iterable[str], categories: Iterable[str] = ()) -> KnownWords:
        """Collect the words of a training's expressions."""
        words = frozenset(word for expression in expressions for word in split_words(expression))
        return cls(words, tuple(sorted(set(categories))))

    @classmethod
    def from_checkpoint(cls, path: str | Path) -> KnownWords | None:
        """Read the words that a file of weights carries in its metadata.

        Args:
            path: A checkpoint.

        Returns:
            The words, or None if the file does not say.

        Raises:
            ValueError: If the metadata are damaged.
        """
        metadata = read_metadata(path)
        if 'words' not in metadata:
            return None
        try:
            words, categories = json.loads(metadata['words']), json.loads(metadata.get('categories', '[]'))
        except json.JSONDecodeError as error:
            raise ValueError(
                f'{path} has `words` or `categories` in its metadata that are no JSON lists: {error}. Write the file '
                'again with tools/model_converters/publish_model.py.'
            ) from error
        return cls(frozenset(words), tuple(categories))

    def to_metadata(self) -> dict[str, str]:
        """Return what :meth:`from_checkpoint` reads: JSON lists under ``words`` and ``categories``, sorted."""
        return dict(words=json.dumps(sorted(self.words)), categories=json.dumps(sorted(self.categories)))

    def __contains__(self, word: str) -> bool:
        """Tell whether a word, in lower case, is known."""
        return word in FUNCTION_WORDS or any(form in self.words for form in _inflections(word))

    def unknown_words(self, expression: str) -> tuple[str, ...]:
        """Return the words of an expression that training never had, each once, in lower case and in their order."""
        return tuple(dict.fromkeys(word for word in split_words(expression) if word not in self))

    def unknown_object(self, expression: str) -> str | None:
        """Return the noun that names the object of an expression, if it is unknown.

        It is the last word of the key phrase, see :class:`~mmrrsis.datasets.key_phrase.KeyPhraseFinder`.

        Args:
            expression: The expression.

        Returns:
            The noun in lower case; None if it is known or the expression has none.
        """
        if not self.unknown_words(expression):
            return None
        span = self._find_phrase(expression)
        words = split_words(expression[slice(*span)]) if span is not None else []
        return words[-1] if words and words[-1] not in self else None

    @cached_property
    def _find_phrase(self) -> KeyPhraseFinder:
        return KeyPhraseFinder()
