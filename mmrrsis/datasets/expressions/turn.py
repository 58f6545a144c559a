# Copyright (c) mmrrsis contributors.
"""Turning and mirroring a picture together with the words of its expressions."""

import re
from dataclasses import dataclass

import numpy as np

# A direction is (x, y): -1 for left or up, 1 for right or down.
_Direction = tuple[int, int]
_NAMES: dict[str, _Direction] = {
    'left': (-1, 0), 'right': (1, 0), 'top': (0, -1), 'bottom': (0, 1), 'upper': (0, -1), 'lower': (0, 1),
}  # fmt: skip
_MOST: dict[str, _Direction] = {
    'leftmost': (-1, 0), 'rightmost': (1, 0), 'topmost': (0, -1), 'uppermost': (0, -1), 'bottommost': (0, 1),
    'lowest': (0, 1),
}  # fmt: skip
_RELATIONS: dict[_Direction, str] = {
    (-1, 0): 'to the left of', (1, 0): 'to the right of', (0, -1): 'above', (0, 1): 'below',
}  # fmt: skip
_NOUNS: dict[_Direction, str] = {(-1, 0): 'left', (1, 0): 'right', (0, -1): 'top', (0, 1): 'bottom'}
_ADJECTIVES: dict[_Direction, str] = {**_NOUNS, (0, -1): 'upper', (0, 1): 'lower'}
_SUPERLATIVES: dict[_Direction, str] = {
    (-1, 0): 'leftmost', (1, 0): 'rightmost', (0, -1): 'topmost', (0, 1): 'bottommost',
}  # fmt: skip

_OF_LANDMARK = r'of (?!the (?:two|image|picture|scene|photo)\b)'
_DIRECTIONS = re.compile(
    # 'upper left', with 'top' kept where it stood
    r'(?P<row>upper|lower|top|bottom)[ -](?P<column>left|right)'
    rf'|(?P<most>{"|".join(_MOST)})'
    rf'|(?P<vertical>above|below)'
    rf'|(?:to|on|at|in) the (?P<relation>{"|".join(_NAMES)})(?: side)? {_OF_LANDMARK[:3]}(?={_OF_LANDMARK[3:]})'
    # 'on the left', 'at the top', with nothing behind that it describes
    rf'|(?:in|on|at) the (?P<side>left|right|top|bottom)(?! (?:left|right|side|part|corner|area|of the two)\b)'
    rf'|(?P<adjective>{"|".join(_NAMES)})(?= (?:side|part|corner|area|half|edge|of the two)\b)'
    rf'|(?P<noun>{"|".join(_NAMES)})',
    re.IGNORECASE,
)
_BOUNDED = re.compile(rf'\b(?:{_DIRECTIONS.pattern})\b', re.IGNORECASE)
# Words that speak of directions in ways that are not exchanged here: what they say may become false.
_UNMAPPED = re.compile(
    r'\b(?:(?:north|south|east|west)\w*|(?:counter)?clockwise|horizontal\w*|vertical\w*|diagonal\w*|high(?:er|est)?|'
    r'under(?:neath)?|beneath|over|behind|front|rows?|columns?|lowermost|low|up|down|upwards?|downwards?|'
    r'right (?:next|beside|above|below|angles?|at|on|in)|heading|facing|pointing|parallel|shadows?)\b'
    r'|-(?:left|right|top|bottom)\b|\b(?:left|right)-',
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Turn:
    """One of the eight ways in which a square comes to lie on itself.

    Attributes:
        mirrored: Whether left and right are exchanged first.
        quarters: Quarter turns that follow, counterclockwise.
    """

    mirrored: bool = False
    quarters: int = 0

    def picture(self, picture: np.ndarray) -> np.ndarray:
        """Turn a picture ``(H, W)`` or ``(H, W, C)``; rows and columns are exchanged by odd quarters."""
        return np.ascontiguousarray(np.rot90(picture[:, ::-1] if self.mirrored else picture, self.quarters))

    def direction(self, direction: _Direction) -> _Direction:
        """Turn a direction ``(x, y)``, y pointing down."""
        x, y = direction
        if self.mirrored:
            x = -x
        for _ in range(self.quarters % 4):
            x, y = y, -x
        return x, y

    def expression(self, text: str) -> str | None:
        """Return an expression that says of the turned picture what ``text`` says of the picture.

        Left, right, top, bottom and the like are exchanged: sides, corners, 'leftmost', 'second from the left', 'the
        upper of the two', 'above'. Where a word already says what is to be said, it stays ('upper' and 'top').

        Args:
            text: The expression.

        Returns:
            The expression; None if it may have words of direction that cannot be exchanged ('in the north', 'behind').
        """
        if not self.mirrored and self.quarters % 4 == 0:
            return text
        if _UNMAPPED.search(text):
            return None
        turned = _BOUNDED.sub(self._exchange, text)
        return turned[:1].upper() + turned[1:] if text[:1].isupper() else turned

    def _exchange(self, match: re.Match[str]) -> str:
        """Return what stands for one match of directions."""
        found = match.group(0)
        kind = match.lastgroup
        if match['row']:
            row, column = match['row'].lower(), match['column'].lower()
            x, y = self.direction((_NAMES[column][0], _NAMES[row][1]))
            words = ('top', 'bottom') if row in ('top', 'bottom') else ('upper', 'lower')
            return f'{words[y > 0]} {_NOUNS[x, 0]}'
        assert kind is not None
        word = match[kind].lower()
        known = {'above': (0, -1), 'below': (0, 1), **_NAMES, **_MOST}
        old = known[word]
        new = self.direction(old)
        if new == old:
            return found
        if kind == 'most':
            return _SUPERLATIVES[new]
        if kind in ('vertical', 'relation'):
            if kind == 'relation' and new[1] == 0:  # 'on the left side of' keeps its form
                return re.sub(rf'\b{word}\b', _NOUNS[new], found, flags=re.IGNORECASE)
            return _RELATIONS[new] + (' ' if found.endswith(' ') else '')
        if kind == 'side':
            return f'{"on" if new[1] == 0 else "at"} the {_NOUNS[new]}'
        return (_ADJECTIVES if kind == 'adjective' else _NOUNS)[new]
