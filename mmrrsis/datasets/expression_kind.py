# Copyright (c) mmrrsis contributors.
"""What, besides the category, an expression tells its target by."""

import re

_PLACE = r'left|right|top|bottom|upper|lower|middle|cent(?:er|re|ral)|corner|edge|border'
_COMPASS = r'(?:north|south)(?:-?(?:east|west))?(?:ern)?|(?:east|west)(?:ern)?'
_SUPERLATIVE = (
    r'(?!almost\b)\w*most|highest|lowest|largest|biggest|smallest|longest|shortest|widest|narrowest|nearest|closest|'
    r'farthest|furthest|brightest|darkest|first|second|third|fourth|last|of the (?:two|three|four)'
)
# What may follow a preposition without making it a relation: "in the upper left", "near the edge", "of the image".
_NO_LANDMARK = rf'(?:{_PLACE}|{_COMPASS}|{_SUPERLATIVE}|far|very|extreme|image|picture|photo|scene)\b'
_ARTICLE = r'(?:the|a|an|another|some)'
_RELATION = re.compile(
    # these need no article: "next to tanks", "between two ships"
    r'\b(?:above|below|beneath|under|behind|beside|near|next to|(?:close|adjacent|parallel|closest|nearest) to|'
    r'between|among|along|around|across|inside|outside|surrounded by|than) '
    rf'(?:{_ARTICLE} )?(?!{_ARTICLE} |{_NO_LANDMARK})\w+'
    # "on the left of the harbor", but not "the left of the two harbors"
    rf'|\b(?:{_PLACE}|{_COMPASS}|side|part|end|front) of {_ARTICLE} (?!two |three |four |{_NO_LANDMARK})\w+'
    # "in the parking area", but not "in white" or "in total"
    rf'|\b(?:in|on|at|by) {_ARTICLE} (?!{_NO_LANDMARK})\w+'
)
_SUPERLATIVES = re.compile(rf'\b(?:{_SUPERLATIVE})\b')
_ATTRIBUTES = {
    'colour': re.compile(
        r'\b(?:red|blue|white|gr[ae]y|black|green|yellow|orange|brown|purple|pink|beige|silver|colou?red)\b'
    ),
    'size': re.compile(r'\b(?:large|larger|big|bigger|small|smaller|little|tiny|huge|long|short|wide|narrow)\b'),
    'position': re.compile(rf'\b(?:{_PLACE}|{_COMPASS})\b'),
}

#: The kinds, from what the category alone decides to what needs other objects.
EXPRESSION_KINDS = (
    'category only',
    'colour',
    'size',
    'position',
    'colour and size',
    'colour and position',
    'size and position',
    'colour, size and position',
    'superlative',
    'relation',
)


def expression_kind(expression: str) -> str:
    """Name the kind of an English referring expression, read off its words.

    The first rule that applies decides:

    - ``relation``: a preposition or comparison with a landmark, "above the harbor", "in the parking area", "larger
      than ...". Parts of the image are no landmarks.
    - ``superlative``: the target stands out from others of its category, "the leftmost", "the largest", "the second
      ... from the left", "the upper of the two".
    - ``colour``, ``size`` and ``position`` (of the image: left, top, center, north), or several of them. A size that
      belongs to the name of a category ("small vehicle" in RISBench) counts as one.
    - ``category only``: none of these.

    Args:
        expression: The expression; case and surrounding spaces do not matter.

    Returns:
        One of :data:`EXPRESSION_KINDS`.

    Example:
        >>> expression_kind('The gray ship on the left.')
        'colour and position'
    """
    text = ' '.join(expression.lower().split())
    if _RELATION.search(text):
        return 'relation'
    if _SUPERLATIVES.search(text):
        return 'superlative'
    found = [name for name, pattern in _ATTRIBUTES.items() if pattern.search(text)]
    if not found:
        return 'category only'
    return ' and '.join((', '.join(found[:-1]), found[-1])) if len(found) > 1 else found[0]
