# Copyright (c) mmrrsis contributors.
"""Names of categories, as expressions use them."""

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
