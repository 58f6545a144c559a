# Copyright (c) mmrrsis contributors.
"""Writes referring expressions in the style of RRSIS-D and keeps those that the resolver understands as meant."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .resolver import resolve
from .scene import SceneObject
from .syntax import plural

_TRIES = 18
_WORDINGS = 3
_SYNONYM = 0.3
_MOST_WORDS = 18  # models cut sentences at 20 or 22 tokens, marks and punctuation included

_COLUMNS = ('left', '', 'right')
_ROWS = (('upper', 'top'), ('', ''), ('lower', 'bottom'))
_EXTREMES = {
    'left': ('leftmost',), 'right': ('rightmost',), 'top': ('topmost', 'uppermost'),
    'bottom': ('bottommost', 'lowest'), 'large': ('largest', 'biggest'), 'small': ('smallest',),
}  # fmt: skip
_PAIRS = {
    'left': ('left',), 'right': ('right',), 'top': ('upper',), 'bottom': ('lower',), 'large': ('larger', 'bigger'),
    'small': ('smaller',),
}  # fmt: skip


class _Writer:
    """Proposes expressions for one object."""

    def __init__(
        self, objects: Sequence[SceneObject], target: int, image_size: tuple[int, int], rng: np.random.Generator,
        name_color: bool, synonyms: Mapping[str, Sequence[str]],
    ) -> None:  # fmt: skip
        self.objects = objects
        self.target = target
        self.me = objects[target]
        self.height, self.width = image_size
        self.rng = rng
        self.name_color = name_color
        self.synonyms = synonyms
        self.kin = [found for i, found in enumerate(objects) if i != target and found.category == self.me.category]

    def pick(self, choices: Sequence[str]) -> str:
        """Draw one."""
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, probability: float) -> bool:
        """Toss a coin."""
        return bool(self.rng.random() < probability)

    def article(self, words: str, definite: float = 0.7) -> str:
        """Put an article in front."""
        if self.chance(definite):
            return f'the {words}'
        return f'{"an" if words[0] in "aeiou" else "a"} {words}'

    def noun(self, found: SceneObject) -> str:
        """An object's category by its own name or, where there are any, now and then by a synonym."""
        others = self.synonyms.get(found.category, ())
        return self.pick(others) if others and self.chance(_SYNONYM) else found.category

    def name(self, color: float = 0.5, size: float = 0.0) -> str:
        """The target's category with or without colour and size."""
        words = [self.noun(self.me)]
        if (self.name_color or self.chance(color)) and self.me.color:
            words.insert(0, self.me.color)
        if self.chance(size) and (word := self.size_word()):
            words.insert(0, word)
        return ' '.join(words)

    def size_word(self) -> str:
        """A size that the target has among its kin; empty if it is alone."""
        if not self.kin:
            return ''
        middle = np.median([found.area for found in self.kin])
        return self.pick(('large', 'big')) if self.me.area > middle else self.pick(('small', 'small', 'little'))

    def region(self, found: SceneObject | None = None) -> str:
        """The part of the image where an object (by default the target) lies, as a phrase; may be coarse."""
        found = found or self.me
        fx, fy = found.center[0] / self.width, found.center[1] / self.height
        column, row = (0 if f < 0.4 else 2 if f > 0.6 else 1 for f in (fx, fy))
        if column != 1 and row != 1 and self.chance(0.2):  # a corner is also a side
            column, row = (column, 1) if self.chance(0.5) else (1, row)
        of_image = self.pick((' of the image', ' of the picture', ' of the scene')) if self.chance(0.15) else ''
        if column == 1 and row == 1:
            return f'in the {self.pick(("middle", "center"))}{of_image}'
        if column == 1:
            words = self.pick((f'at the {_ROWS[row][1]}', f'on the {_ROWS[row][1]}', f'in the {_ROWS[row][0]} part'))
            return words + of_image
        if row == 1:
            words = self.pick((f'on the {_COLUMNS[column]}', f'on the {_COLUMNS[column]} side'))
            return words + of_image
        corner = f'{self.pick((_ROWS[row][0], _ROWS[row][0], _ROWS[row][1]))} {_COLUMNS[column]}'
        return f'{self.pick(("on", "in", "in"))} the {corner}{self.pick(("", "", " corner", " part"))}{of_image}'

    def landmark(self, found: SceneObject) -> str:
        """Another object as a landmark."""
        words = self.noun(found)
        if (self.chance(0.65) or found.category == self.me.category) and found.color:
            words = f'{found.color} {words}'
        return self.article(words, 0.85)

    def other(self) -> SceneObject | None:
        """Another object, rather a near one; None in a scene of one."""
        rest = [found for i, found in enumerate(self.objects) if i != self.target]
        if not rest:
            return None
        x, y = self.me.center
        rest.sort(key=lambda found: (found.center[0] - x) ** 2 + (found.center[1] - y) ** 2)
        return rest[min(int(self.rng.integers(len(rest))), int(self.rng.integers(len(rest))))]

    def relation(self) -> str:
        """Where the target lies from another object."""
        found = self.other()
        if found is None:
            return ''
        dx, dy = self.me.center[0] - found.center[0], self.me.center[1] - found.center[1]
        mark = self.landmark(found)
        reach = np.hypot(dx, dy) / self.width
        if reach < 0.45 and self.chance(0.25):
            return f'{self.pick(("next to", "near", "beside", "close to"))} {mark}'
        column, row = 'left' if dx < 0 else 'right', 0 if dy < 0 else 2
        steep = max(abs(dx), abs(dy)) > 1.6 * min(abs(dx), abs(dy))
        if not steep:
            return f'{self.pick(("on", "to"))} the {_ROWS[row][0]} {column} of {mark}'
        if abs(dx) > abs(dy):
            return self.pick(
                (f'to the {column} of {mark}', f'on the {column} of {mark}', f'on the {column} side of {mark}')
            )
        return f'{"above" if dy < 0 else "below"} {mark}'

    def extreme(self) -> str:
        """An order in which the target comes first among its kin; empty if in none."""
        (x, y), area = self.me.center, self.me.area
        holds = {
            'left': all(x < k.center[0] for k in self.kin),
            'right': all(x > k.center[0] for k in self.kin),
            'top': all(y < k.center[1] for k in self.kin),
            'bottom': all(y > k.center[1] for k in self.kin),
            'large': all(area > k.area for k in self.kin),
            'small': all(area < k.area for k in self.kin),
        }
        orders = [order for order, first in holds.items() if first]
        return self.pick(orders) if orders and self.kin else ''

    # -- whole expressions; an empty string means that the form does not suit the target

    def by_color(self) -> str:
        """'The red ship'."""
        return self.article(f'{self.me.color} {self.noun(self.me)}') if self.me.color else ''

    def by_category(self) -> str:
        """'The airplane', where there is one."""
        return self.article(self.name(0.2))

    def by_region(self) -> str:
        """'A white storage tank in the upper right'."""
        return f'{self.article(self.name(0.55), 0.6)} {self.region()}'

    def by_size(self) -> str:
        """'A small white storage tank in the upper right'."""
        words = self.name(0.6, 1.0)
        return self.article(words) + (f' {self.region()}' if self.chance(0.4) else '')

    def by_extreme(self) -> str:
        """'The leftmost ship'."""
        order = self.extreme()
        return order and f'the {self.pick(_EXTREMES[order])} {self.name(0.3)}'

    def by_pair(self) -> str:
        """'The larger of the two ships'."""
        order = self.extreme() if len(self.kin) == 1 or self.chance(0.2) else ''
        words = self.name(0.3 if len(self.kin) == 1 else 1.0)
        return order and f'the {self.pick(_PAIRS[order])} of the two {plural(words)}'

    def by_relation(self) -> str:
        """'The red ship on the left of the gray ship'."""
        relation = self.relation()
        verb = ' is' if self.chance(0.12) else ''
        return relation and f'{self.article(self.name(0.45), 0.85)}{verb} {relation}'

    def by_comparison(self) -> str:
        """'The airplane on the lower left is larger than the one on the right'."""
        if not self.kin:
            return ''
        found = self.kin[int(self.rng.integers(len(self.kin)))]
        word = self.pick(('larger', 'bigger')) if self.me.area > found.area else 'smaller'
        if len(self.kin) == 1 and self.chance(0.3):
            rest = 'the other one'
        elif self.chance(0.35) and found.color and found.color != self.me.color:
            rest = f'the {found.color} one'
        else:
            rest = f'the one {self.region(found)}'
        place = f' {self.region()}' if self.chance(0.75) or rest == 'the other one' else ''
        return f'the {self.name(0.35)}{place} {self.pick(("is", "that is"))} {word} than {rest}'

    def by_ordinal(self) -> str:
        """'The second ship from the left'."""
        same = [found for found in self.kin if not self.name_color or found.color == self.me.color]
        axis = int(self.rng.integers(2))
        before = sum(found.center[axis] < self.me.center[axis] for found in same)
        after = len(same) - before
        sides = (('left', 'right'), ('top', 'bottom'))[axis]
        for rank, side in ((before, sides[0]), (after, sides[1])):
            if rank in (1, 2) and len(same) > rank:
                return f'the {("second", "third")[rank - 1]} {self.name(0.0)} from the {side}'
        return ''

    def by_nearest(self) -> str:
        """'The vehicle closest to the stadium'."""
        found = self.other()
        if found is None or not self.kin:
            return ''
        verb = self.pick(('', ' that is'))
        return f'the {self.name(0.3)}{verb} {self.pick(("closest to", "nearest to"))} {self.landmark(found)}'

    def by_several(self) -> str:
        """'The small red ship that is located in the upper left and next to a harbor'."""
        relation = self.relation()
        filler = self.pick(('', ' located', ' situated', ' that is located', ' which is', ' that lies'))
        parts = f'{self.article(self.name(0.75, 0.3), 0.75)}{filler} {self.region()}'
        if relation and self.chance(0.65):
            return f'{parts} and {relation}' if self.chance(0.7) else f'{parts}, {relation}'
        return parts

    def by_colored_extreme(self) -> str:
        """'The largest white storage tank on the left' (of those there)."""
        order = self.extreme() or self.pick(tuple(_EXTREMES))
        if not self.me.color:
            return ''
        return f'the {self.pick(_EXTREMES[order])} {self.me.color} {self.noun(self.me)}'


#: Forms of an expression, each with its weight.
Forms = tuple[tuple[str, float], ...]

#: Forms with one clue.
EASY_FORMS: Forms = (
    ('by_color', 1.6), ('by_region', 2.6), ('by_size', 1.2), ('by_extreme', 1.5), ('by_pair', 0.5),
    ('by_relation', 2.2), ('by_comparison', 0.7), ('by_colored_extreme', 0.5),
)  # fmt: skip
#: Forms with several clues too.
LONG_FORMS: Forms = (
    ('by_color', 0.7), ('by_region', 2.0), ('by_size', 1.3), ('by_extreme', 1.2), ('by_pair', 0.3),
    ('by_relation', 2.4), ('by_comparison', 1.0), ('by_colored_extreme', 0.9), ('by_ordinal', 0.8),
    ('by_nearest', 0.9), ('by_several', 2.6),
)  # fmt: skip
#: Forms for photographs, where a category is often alone in the picture and colours are often unclear.
PHOTOGRAPH_FORMS: Forms = (
    ('by_category', 1.2), ('by_color', 1.0), ('by_region', 2.2), ('by_size', 1.0), ('by_extreme', 2.0),
    ('by_pair', 0.8), ('by_relation', 2.0), ('by_comparison', 0.8), ('by_colored_extreme', 0.6), ('by_ordinal', 1.6),
    ('by_nearest', 0.7), ('by_several', 1.0),
)  # fmt: skip


def write_expressions(
    objects: Sequence[SceneObject], target: int, image_size: tuple[int, int], rng: np.random.Generator,
    forms: Forms = EASY_FORMS, name_color: bool = False, synonyms: Mapping[str, Sequence[str]] | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Write up to three wordings that refer to one object.

    Args:
        objects: All objects of the scene.
        target: Index of the object.
        image_size: ``(height, width)`` in pixels.
        rng: Source of the wording.
        forms: What may be written.
        name_color: Whether every wording must name the target's colour.
        synonyms: Other names of categories to use now and then.

    Returns:
        Different expressions, each verified by the resolver; empty if none was clear.
    """
    writer = _Writer(objects, target, image_size, rng, name_color, synonyms or {})
    weights = np.array([weight for _, weight in forms])
    order = rng.choice(len(forms), _TRIES, p=weights / weights.sum())
    wanted = int(rng.integers(1, _WORDINGS + 1))
    accepted: dict[str, None] = {}  # a set that keeps the order
    for form in order:
        write: Callable[[], str] = getattr(writer, forms[form][0])
        text = write()
        if not text or text in accepted or len(text.split()) > _MOST_WORDS:
            continue
        if resolve(text, objects, image_size).index == target:
            accepted[text] = None
            if len(accepted) == wanted:
                break
    return tuple(_present(text, rng) for text in accepted)


def _present(text: str, rng: np.random.Generator) -> str:
    """A capital first letter and, sometimes, a full stop."""
    return text[0].upper() + text[1:] + ('.' if rng.random() < 0.3 else '')
