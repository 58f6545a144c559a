# Copyright (c) mmrrsis contributors.
"""Colour words and the RGB values that stand for them."""

Rgb = tuple[int, int, int]

#: The middle of each colour word. Values are far apart, so that a jittered colour still has one name only.
COLORS: dict[str, Rgb] = {
    'white': (240, 240, 238),
    'gray': (134, 136, 140),
    'black': (30, 30, 34),
    'red': (196, 36, 36),
    'orange': (236, 124, 24),
    'yellow': (238, 212, 44),
    'green': (44, 146, 62),
    'blue': (36, 82, 196),
    'brown': (120, 74, 40),
}
