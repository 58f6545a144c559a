# Copyright (c) mmrrsis contributors.
"""What a model will not understand of a sentence, said before it answers."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .known_words import KnownWords, find_words


class UnknownObjectError(ValueError):
    """An expression asks for an object that the model was not trained on."""


class ExpressionWarning(UserWarning):
    """A model does not understand, or does not see, some words of an expression."""


class Tokenizer(Protocol):
    """What is needed of a tokenizer, see :mod:`mmrrsis.datasets.tokenizers`.

    Attributes:
        max_tokens: Tokens of every text.
    """

    max_tokens: int

    def count_tokens(self, expression: str) -> int:
        """Return the tokens that an expression would have if none were cut."""
        ...


@dataclass(frozen=True)
class CheckedExpression:
    """An expression, and what its model will not understand.

    Attributes:
        expression: The expression.
        unknown_words: Words that the model was not trained on, in lower case.
        cut_words: Words at the end that the model does not see or sees in part, as it takes so many tokens only.
    """

    expression: str
    unknown_words: tuple[str, ...] = ()
    cut_words: tuple[str, ...] = ()

    @property
    def messages(self) -> list[str]:
        """What to tell a person, a sentence each; empty if there is nothing to say."""
        messages = []
        if self.unknown_words:
            listed = ', '.join(f'"{word}"' for word in self.unknown_words)
            messages.append(
                f'"{self.expression}": the model was not trained on {listed}; its mask may not heed what that means.'
            )
        if self.cut_words:
            messages.append(
                f'"{self.expression}" is too long for the model: it does not see the end, from "{self.cut_words[0]}" '
                f'on ({" ".join(self.cut_words)}).'
            )
        return messages


class ExpressionChecker:
    """Find the words of expressions that a model does not know, and those that it does not see.

    Args:
        known_words: The words that the model was trained on; None if its weights do not say: no word is unknown then.
        tokenizer: The model's tokenizer; None if it has none: no word is cut then.
    """

    def __init__(self, known_words: KnownWords | None, tokenizer: Tokenizer | None) -> None:
        self.known_words = known_words
        self.tokenizer = tokenizer

    def __call__(self, expressions: Sequence[str], force: bool = False) -> list[CheckedExpression]:
        """Check expressions.

        Args:
            expressions: The expressions.
            force: Let expressions through whose object is unknown.

        Returns:
            What is wrong with each, in their order.

        Raises:
            UnknownObjectError: If the noun that names the object of an expression is unknown.
        """
        if not force:
            for expression in expressions:
                self._refuse_unknown_object(expression)
        return [
            CheckedExpression(
                expression,
                () if self.known_words is None else self.known_words.unknown_words(expression),
                self._cut_words(expression),
            )
            for expression in expressions
        ]

    def _refuse_unknown_object(self, expression: str) -> None:
        noun = None if self.known_words is None else self.known_words.unknown_object(expression)
        if self.known_words is None or noun is None:
            return
        categories = ', '.join(self.known_words.categories)
        raise UnknownObjectError(
            f'"{expression}": the model was not trained on "{noun}", so that a mask of it would mean nothing. '
            + (f'It knows {categories}. Ask for one of these' if categories else 'Ask for something that it knows')
            + ', or force an answer (force=True, --force on the command line).'
        )

    def _cut_words(self, expression: str) -> tuple[str, ...]:
        """Return the words that the tokens do not reach, or not to their ends."""
        if self.tokenizer is None or self.tokenizer.count_tokens(expression) <= self.tokenizer.max_tokens:
            return ()
        return tuple(
            match[0]
            for match in find_words(expression)
            if self.tokenizer.count_tokens(expression[: match.end()]) > self.tokenizer.max_tokens
        )


def warn_of_words(checked: Iterable[CheckedExpression], stacklevel: int = 2) -> None:
    """Issue an :class:`ExpressionWarning` for what is wrong with each expression.

    Args:
        checked: The expressions.
        stacklevel: Whose line the warning names, 1 being that of the caller of this function.
    """
    for item in checked:
        for message in item.messages:
            warnings.warn(message, ExpressionWarning, stacklevel=stacklevel + 1)
