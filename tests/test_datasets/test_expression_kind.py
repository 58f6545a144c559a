# Copyright (c) mmrrsis contributors.
import pytest

from mmrrsis.datasets.expression_kind import EXPRESSION_KINDS, expression_kind
from mmrrsis.datasets.expressions.syntax import parse_expression
from mmrrsis.datasets.synthesis import SceneGenerator


@pytest.mark.parametrize(
    ('expression', 'kind'),
    [
        ('The ground track field', 'category only'),
        ('almost a forest', 'category only'),
        ('road marking', 'category only'),
        ('The red ship', 'colour'),
        ('A gray ship.', 'colour'),
        ('the car in white', 'colour'),
        ('The little windmill.', 'size'),
        ('a long bridge in the image', 'size'),
        ('The harbor on the left side.', 'position'),
        ('A vehicle to the left', 'position'),
        ('The stadium in the lower part of the scene', 'position'),
        ('the ship near the top edge of the picture', 'position'),
        ('the northern dam', 'position'),
        ('A bridge in the\n far upper right', 'position'),
        ('The large blue overpass', 'colour and size'),
        ('The red chimney on the top left part', 'colour and position'),
        ('The large storage tank on the lower left', 'size and position'),
        ('The small white airplane in the upper left', 'colour, size and position'),
        ('The bottommost train station', 'superlative'),
        ('The upper of the two ground track fields', 'superlative'),
        ('The largest red golf field', 'superlative'),
        ('The second ship from the left', 'superlative'),
        ('The harbor above a white harbor', 'relation'),
        ('The airplane on the left of the blue airplane.', 'relation'),
        ('a ship north-east of the dam', 'relation'),
        ('The windmill that is smaller than the one in the top right.', 'relation'),
        ('vehicle in the parking area', 'relation'),
        ('car along road', 'relation'),
        ('a tank between two ships', 'relation'),
        ('the largest tank next to the harbor', 'relation'),
    ],
)
def test_kind_is_read_off_the_words(expression, kind):
    assert expression_kind(expression) == kind
    assert expression_kind(f'  {expression.upper()} ') == kind, 'case and spaces do not matter'
    assert kind in EXPRESSION_KINDS


def kind_of_tree(phrase):
    """The kind according to the grammar that SynthRS's expressions are written in."""
    if phrase.relations:
        return 'relation'
    if phrase.superlative or phrase.ordinal or phrase.of_two:
        return 'superlative'
    found = [(phrase.color, 'colour'), (phrase.size, 'size'), (phrase.regions, 'position')]
    names = [name for value, name in found if value]
    return ', '.join([*names[:-2], ' and '.join(names[-2:])]) or 'category only'


def test_agrees_with_the_grammar_of_synthrs():
    generator = SceneGenerator('full', image_size=128, seed=1)
    seen = set()
    for index in range(25):
        for expression in (text for referral in generator.generate(index).referrals for text in referral.expressions):
            kind = kind_of_tree(parse_expression(expression))
            assert expression_kind(expression) == kind, expression
            seen.add(kind)
    assert {'colour', 'position', 'colour and position', 'superlative', 'relation'} <= seen
