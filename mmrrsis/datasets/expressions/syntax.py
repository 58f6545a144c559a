# Copyright (c) mmrrsis contributors.
"""Reads the text of a referring expression into a tree.

The grammar, after lower-casing and dropping commas and the final stop::

    noun phrase = [a | an | the [only | other]] adjective* (category | one) clause*
                | the (larger | smaller | left | right | upper | lower) of the two adjective* categories
    adjective   = colour | size | superlative | ordinal
    clause      = filler* (region | relation phrase | comparison | "from the" side)
    region      = (in | on | at) the PLACE [side | part | corner | area] [of the image]
    relation    = (to | on | at) the PLACE [side] of noun phrase | above | below | next to | near ... noun phrase

Clauses after a landmark belong to the landmark, except after a filler ("and", "that is", "is").
"""

import re
from dataclasses import dataclass, field
from functools import cache

from .vocabulary import COLORS, RRSISD_CATEGORIES, SYNONYMS

#: (Column, row), with -1 for left or top, 0 for the middle, 1 for right or bottom and None for any.
Place = tuple[int | None, int | None]
#: A place, seen from the landmark, or ``'near'``, ``'nearest'``, ``'larger'``, ``'smaller'``.
Relation = Place | str

PLACES: dict[str, Place] = {
    'left': (-1, None),
    'right': (1, None),
    'top': (None, -1),
    'upper': (None, -1),
    'bottom': (None, 1),
    'lower': (None, 1),
    'middle': (0, 0),
    'center': (0, 0),
    'upper left': (-1, -1),
    'top left': (-1, -1),
    'upper right': (1, -1),
    'top right': (1, -1),
    'lower left': (-1, 1),
    'bottom left': (-1, 1),
    'lower right': (1, 1),
    'bottom right': (1, 1),
}

SUPERLATIVES: dict[str, str] = {
    'leftmost': 'left',
    'rightmost': 'right',
    'topmost': 'top',
    'uppermost': 'top',
    'bottommost': 'bottom',
    'lowest': 'bottom',
    'largest': 'large',
    'biggest': 'large',
    'smallest': 'small',
}
_OF_TWO = {
    'larger': 'large', 'bigger': 'large', 'smaller': 'small', 'left': 'left', 'right': 'right', 'upper': 'top',
    'lower': 'bottom',
}  # fmt: skip
_SIZES = {'large': 'large', 'big': 'large', 'small': 'small', 'little': 'small'}
_ORDINALS = {'second': 2, 'third': 3}
_FILLERS = (
    'that is', 'which is', 'is', 'and', 'located', 'situated', 'lying', 'placed', 'that lies', 'which lies',
    'that stands', 'which stands',
)  # fmt: skip
_NEAR = ('next to', 'near', 'beside', 'close to')
_IMAGE = ('of the image', 'of the picture', 'of the scene', 'of the photo')


def plural(category: str) -> str:
    """Return the plural of a category's name."""
    return category + ('es' if category.endswith('s') else 's')


#: Category by each of its names, in the singular and in the plural.
_NAMES = {name: category for category in RRSISD_CATEGORIES for name in (category, *SYNONYMS.get(category, ()))}
_NAMES_OF_TWO = {plural(name): category for name, category in _NAMES.items()}


class ExpressionSyntaxError(ValueError):
    """An expression is not in the language of SynthRS."""


@dataclass
class NounPhrase:
    """Something an expression speaks of.

    Attributes:
        category: RRSIS-D's name; None for 'one', which stands for the category of the phrase around it.
        article: ``'a'``, ``'the'`` or None.
        other: True for 'the other one'.
        color: A colour word.
        size: ``'large'`` or ``'small'``.
        superlative: ``'left'``, ``'right'``, ``'top'``, ``'bottom'``, ``'large'`` or ``'small'``.
        ordinal: 2 for 'second', counted from the side of a ``('from', side)`` clause.
        of_two: True for 'the larger of the two ...'.
        regions: Places as in :data:`PLACES`.
        relations: Pairs of a relation and its landmark.
        count_from: The side an ordinal counts from.
    """

    category: str | None = None
    article: str | None = None
    other: bool = False
    color: str | None = None
    size: str | None = None
    superlative: str | None = None
    ordinal: int | None = None
    of_two: bool = False
    regions: list[Place] = field(default_factory=list)
    relations: list[tuple[Relation, 'NounPhrase']] = field(default_factory=list)
    count_from: str | None = None


@cache
def _by_first_word(phrases: tuple[str, ...]) -> dict[str, list[tuple[str, list[str]]]]:
    """Sort phrases by their first word, longest first, each with its words."""
    index: dict[str, list[tuple[str, list[str]]]] = {}
    for phrase in sorted(phrases, key=lambda phrase: -phrase.count(' ')):
        index.setdefault(phrase.split()[0], []).append((phrase, phrase.split()))
    return index


class _Reader:
    """Tokens of one expression and how far they were read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = re.sub(r'[.,;]', ' ', text.lower()).split()
        self.position = 0

    def accept(self, *phrases: str) -> str | None:
        """Read the longest of the phrases that comes next; None if none does."""
        if self.position == len(self.tokens):
            return None
        for phrase, words in _by_first_word(phrases).get(self.tokens[self.position], ()):
            if self.tokens[self.position : self.position + len(words)] == words:
                self.position += len(words)
                return phrase
        return None

    def fail(self, wanted: str) -> ExpressionSyntaxError:
        """Build the error for what comes next."""
        found = repr(self.tokens[self.position]) if self.position < len(self.tokens) else 'the end'
        return ExpressionSyntaxError(
            f'Cannot read the expression {self.text!r}: expected {wanted} but found {found} (word '
            f'{self.position + 1}). Use the wording of SynthRS, e.g. "the red ship on the left".'
        )


def parse_expression(text: str) -> NounPhrase:
    """Read an expression.

    Args:
        text: For example ``'The red ship on the left of the gray ship.'``.

    Returns:
        Its tree.

    Raises:
        ExpressionSyntaxError: If a word is out of place, naming it.
    """
    reader = _Reader(text)
    phrase = _noun_phrase(reader, outer=True)
    if reader.position < len(reader.tokens):
        raise reader.fail('a place or a relation')
    if phrase.ordinal is not None and phrase.count_from is None:
        raise reader.fail('the side to count from, e.g. "from the left",')
    if phrase.category is None:
        raise ExpressionSyntaxError(f'Cannot read the expression {text!r}: it names no category of RRSIS-D.')
    return phrase


def _noun_phrase(reader: _Reader, outer: bool) -> NounPhrase:
    phrase = NounPhrase()
    article = reader.accept('a', 'an', 'the')
    phrase.article = 'a' if article in ('a', 'an') else article
    if article == 'the':
        start = reader.position
        pair = reader.accept(*_OF_TWO)
        if pair and reader.accept('of the two'):
            phrase.superlative, phrase.of_two = _OF_TWO[pair], True
        else:
            reader.position = start
            if reader.accept('other'):
                phrase.other = True
            else:
                reader.accept('only')
    _adjectives(reader, phrase)
    names = _NAMES_OF_TWO if phrase.of_two else _NAMES
    noun = reader.accept(*names) or (None if outer else reader.accept('one'))
    if noun is None:
        raise reader.fail('a colour, a size or a category of RRSIS-D')
    phrase.category = names.get(noun)
    while _clause(reader, phrase, outer):
        pass
    return phrase


def _adjectives(reader: _Reader, phrase: NounPhrase) -> None:
    while True:
        if word := reader.accept(*COLORS):
            phrase.color = word
        elif word := reader.accept(*_SIZES):
            phrase.size = _SIZES[word]
        elif word := reader.accept(*SUPERLATIVES):
            phrase.superlative = SUPERLATIVES[word]
        elif word := reader.accept(*_ORDINALS):
            phrase.ordinal = _ORDINALS[word]
        else:
            return


def _clause(reader: _Reader, phrase: NounPhrase, outer: bool) -> bool:
    """Read one clause into the phrase; False (and nothing read) if there is none."""
    start = reader.position
    filled = False
    while reader.accept(*_FILLERS):
        filled = True
    if filled and not outer:  # "... the harbor and ..." goes on about the outer phrase
        reader.position = start
        return False
    if reader.accept('from the'):
        phrase.count_from = reader.accept('left', 'right', 'top', 'bottom')
        if phrase.count_from is None:
            raise reader.fail('"left", "right", "top" or "bottom"')
        return True
    relation = _relation(reader)
    if relation is not None:
        if not outer:  # one landmark a phrase: the rest belongs to the outer phrase
            reader.position = start
            return False
        phrase.relations.append((relation, _noun_phrase(reader, outer=False)))
        return True
    if reader.accept('in the', 'on the', 'at the'):
        place = reader.accept(*PLACES)
        if place is None:
            raise reader.fail('a place such as "upper left"')
        reader.accept('side', 'part', 'corner', 'area')
        reader.accept(*_IMAGE)
        phrase.regions.append(PLACES[place])
        return True
    if filled:
        raise reader.fail('a place or a relation')
    return False


def _relation(reader: _Reader) -> Relation | None:
    """Read the words of a relation up to its landmark; None (and nothing read) if there is none."""
    start = reader.position
    if reader.accept('above'):
        return PLACES['top']
    if reader.accept('below'):
        return PLACES['bottom']
    if reader.accept(*_NEAR):
        return 'near'
    if reader.accept('closest to', 'nearest to'):
        return 'nearest'
    if reader.accept('larger than', 'bigger than'):
        return 'larger'
    if reader.accept('smaller than'):
        return 'smaller'
    if reader.accept('to the', 'on the', 'at the', 'in the'):
        place = reader.accept(*PLACES)
        reader.accept('side')
        if place and not reader.accept(*_IMAGE) and reader.accept('of'):
            return PLACES[place]
    reader.position = start
    return None
