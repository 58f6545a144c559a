# Copyright (c) mmrrsis contributors.
"""Names of categories and colours, as expressions use them."""

Rgb = tuple[int, int, int]

#: All categories of RRSIS-D in its own order.
RRSISD_CATEGORIES: tuple[str, ...] = (
    'airplane', 'airport', 'golf field', 'expressway service area', 'baseball field', 'stadium',
    'ground track field', 'storage tank', 'basketball court', 'chimney', 'tennis court', 'overpass', 'train station',
    'ship', 'expressway toll station', 'dam', 'harbor', 'bridge', 'vehicle', 'windmill',
)  # fmt: skip

#: What people call them besides.
SYNONYMS: dict[str, tuple[str, ...]] = {
    'airplane': ('plane',),
    'baseball field': ('baseball diamond',),
    'ground track field': ('running track',),
    'harbor': ('pier',),
    'ship': ('boat',),
    'storage tank': ('tank',),
    'vehicle': ('car',),
}

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
