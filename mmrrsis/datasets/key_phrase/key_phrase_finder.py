# Copyright (c) mmrrsis contributors.
"""Finding the words that name the object of a referring expression."""

from nltk.chunk.regexp import RegexpParser
from nltk.tokenize import RegexpTokenizer
from nltk.tree import Tree

from .tagger import load_tagger

# Words keep their hyphens ('light-duty'); a possessive ending is a word of its own, as the Penn tags have it.
_WORDS = r"\w+(?:[-./]\w+)*|['’]s\b|[^\w\s]"

# Nouns and quantifiers that stand for what follows their 'of': 'a row of trees', 'one of the ships'.
_PARTITIVES = frozenset(
    'all any array arrays band block blocks both bunch bundle chain chains cluster clusters collection column columns '
    'couple crowd dozen dozens each fleet group groups half handful line lines majority many most number one pack '
    'pair pairs part parts patch patches piece pieces pile piles portion portions rest row rows section sections '
    'segment segments series set sets several some stack stacks stretch string strings strip strips swarm'.split()
)
_SIDES = frozenset(('left', 'right', 'top', 'bottom', 'upper', 'lower', 'middle'))
_DETERMINERS = frozenset(('DT', 'PDT', 'PRP$'))

_MODIFIER = '<RB.*>*<JJ.*|VBN|VBG|CD>'
_MODIFIERS = f'({_MODIFIER}(<,>?<CC>?{_MODIFIER})*)?'
_DETERMINER = r'<PDT|DT|PRP\$>*'
_NOMINAL = f'{_MODIFIERS}<NN.*>+(<POS>{_MODIFIERS}<NN.*>+)*'
# A participle takes an object as a preposition does: 'facing the square, a church'.
_GRAMMAR = f"""
NP: {{{_DETERMINER}{_MODIFIERS}<PARTITIVE><OF>{_DETERMINER}{_NOMINAL}}}
    {{{_DETERMINER}{_NOMINAL}}}
PP: {{<IN|TO|VBG><NP>(<,>?<CC><NP>)*}}
"""


class KeyPhraseFinder:
    """Find the head noun phrase of an expression with NLTK's tagger and chunk parser.

    BTDNet (Zhang et al., section III-C) masks the "key subject phrase" and leaves open what it is. Here it is the
    first noun phrase of the expression that is not inside a prepositional phrase, without its determiner:
    'The [large red ship] on the left of the dock'. ``docs/key_phrase.md`` has the borderline cases.

    Args:
        tagger: ``'mmrrsis'``, which ships with the package, or ``'nltk'``; see
            :func:`~mmrrsis.datasets.key_phrase.load_tagger`.

    Raises:
        ValueError: If there is no tagger of this name.
        FileNotFoundError: If NLTK's tagger was asked for and was not downloaded.
    """

    def __init__(self, tagger: str = 'mmrrsis') -> None:
        self.tagger = tagger
        self._tagger = load_tagger(tagger)
        self._tokenizer = RegexpTokenizer(_WORDS)
        self._parser = RegexpParser(_GRAMMAR)

    def __reduce__(self) -> tuple:
        # NLTK's parser cannot be pickled (where workers are spawned) or copied, but is quickly made.
        return type(self), (self.tagger,)

    def __call__(self, expression: str) -> tuple[int, int] | None:
        """Find the key phrase.

        Args:
            expression: The expression.

        Returns:
            Its first character and the one behind its last, or None where the expression has no such phrase.
        """
        spans = list(self._tokenizer.span_tokenize(expression))
        if not spans:
            return None
        words = [expression[start:end] for start, end in spans]
        tags = self._tag(words)
        # The parser reads tags only: the numbers stand for the words.
        tree = self._parser.parse(list(enumerate(tags)))
        phrase = next((node for node in tree if isinstance(node, Tree) and node.label() == 'NP'), None)
        if phrase is None:
            return None
        numbers = [number for number, _ in phrase.leaves()]
        first = next(number for number in numbers if tags[number] not in _DETERMINERS)
        return spans[first][0], spans[numbers[-1]][1]

    def _tag(self, words: list[str]) -> list[str]:
        """Tag words; partitives and the 'of' behind them get tags of their own, for the grammar to know them."""
        tags = [tag for _, tag in self._tagger.tag(words)]
        lowered = [word.lower() for word in words]
        for i in range(len(words) - 2):
            if lowered[i + 1] != 'of':
                continue
            # 'the left of the two ships', but not 'the left of the ship'
            of_number = (tags[i] == 'JJ' or lowered[i] in _SIDES) and tags[i + 2 : i + 4] == ['DT', 'CD']
            if of_number or lowered[i] in _PARTITIVES or tags[i] in ('CD', 'JJR', 'JJS'):
                tags[i : i + 2] = 'PARTITIVE', 'OF'
        return tags
