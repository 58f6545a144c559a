# Copyright (c) mmrrsis contributors.
"""Finding the category of a target in its expression."""

import re
from collections.abc import Mapping, Sequence


def normalize_category(name: str) -> str:
    """Return a name in lower case without spaces and punctuation.

    'Golf-field', 'golffield' and 'golf field' are one category.
    """
    return re.sub(r'[\W_]+', '', name).lower()


class CategoryFinder:
    """Finds which category an expression speaks of.

    The match that starts first wins, and of those that start at the same word the longest: in 'road marking near
    the bus' it is 'road marking'. First, because the target is what an English noun phrase starts with and what
    follows describes where it is ('car on the road').

    Words must match whole; a plural ending, a hyphen for a space, and names written together are tolerated.

    Args:
        classes: Names of the categories.
        aliases: Other names, ``{name: category}``.
    """

    def __init__(self, classes: Sequence[str], aliases: Mapping[str, str] | None = None) -> None:
        names = {name: name for name in classes} | dict(aliases or {})
        self._categories = {normalize_category(name): category for name, category in names.items()}
        # In an alternation the first that fits is taken, hence the longest name first.
        ordered = sorted(names, key=lambda name: (-len(name), name))
        alternatives = '|'.join(r'[\s_-]*'.join(map(re.escape, name.split())) for name in ordered)
        self._pattern = re.compile(rf'\b({alternatives})(?:s|es)?\b', re.IGNORECASE)

    def __call__(self, expression: str) -> str | None:
        """Return the category, or None where the expression names none."""
        match = self._pattern.search(expression)
        return None if match is None else self._categories[normalize_category(match.group(1))]
