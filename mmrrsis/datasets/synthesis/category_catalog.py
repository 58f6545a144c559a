# Copyright (c) mmrrsis contributors.
"""What SynthRS knows about each category: how it is painted, its colours, its proportions, where it stands."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import painters_buildings as buildings
from . import painters_fields as fields
from . import painters_transport as transport
from .brush import Brush
from .colors import Rgb
from .surfaces import Surface

Painter = Callable[[Brush, Rgb, np.random.Generator], None]

_LAND = (Surface.GRASS, Surface.SOIL, Surface.CONCRETE, Surface.URBAN, Surface.FOREST)


@dataclass(frozen=True)
class CategorySpec:
    """How one category is drawn and placed.

    Attributes:
        painter: Draws it with a brush.
        colors: Colour words of its dominant surface that every split shows.
        novel_colors: Colour words that only ``novel_pair`` scenes show.
        aspect: Range of length over width.
        fill: Part of the ``length x width`` rectangle that it covers, about.
        area: Its usual area relative to other categories.
        surfaces: Where it may stand.
        themes: Scenes in which it can be the main category.
        height: Length of its shadow relative to its width.
        site: ``'free'``, ``'crossing'`` (across a river or a highway) or ``'shore'`` (from the coast into the water).
        pad: True if a paved or earth ground may be laid under it for contrast.
        min_area: Smallest area in pixels (of a 256 x 256 image) at which it is still recognisable.
    """

    painter: Painter
    colors: tuple[str, ...]
    novel_colors: tuple[str, ...]
    aspect: tuple[float, float]
    fill: float
    area: float
    surfaces: tuple[int, ...]
    themes: tuple[str, ...]
    height: float = 0.0
    site: str = 'free'
    pad: bool = False
    min_area: float = 250.0


CATALOG: dict[str, CategorySpec] = {
    'airplane': CategorySpec(
        transport.paint_airplane, ('white', 'gray', 'blue', 'yellow', 'orange', 'green'), ('red',), (0.95, 1.2), 0.27,
        0.65, (Surface.CONCRETE,), ('airport',), 0.05, min_area=260,
    ),
    'golf field': CategorySpec(
        fields.paint_golf_field, ('green', 'yellow'), ('brown',), (1.2, 1.7), 0.58, 1.4,
        (Surface.FOREST, Surface.GRASS, Surface.SOIL), ('forest',), min_area=500,
    ),
    'baseball field': CategorySpec(
        fields.paint_baseball_field, ('green', 'brown', 'yellow'), ('blue',), (0.68, 0.72), 0.55, 1.2, _LAND,
        ('sports', 'forest'), pad=True, min_area=400,
    ),
    'stadium': CategorySpec(
        buildings.paint_stadium, ('white', 'gray', 'red', 'blue'), ('orange',), (1.15, 1.45), 0.78, 1.4, _LAND,
        ('sports', 'urban'), 0.08, pad=True, min_area=450,
    ),
    'ground track field': CategorySpec(
        fields.paint_ground_track_field, ('red', 'blue', 'orange', 'brown'), ('green',), (1.6, 2.0), 0.9, 1.3, _LAND,
        ('sports', 'urban'), pad=True, min_area=450,
    ),
    'storage tank': CategorySpec(
        buildings.paint_storage_tank, ('white', 'gray', 'red', 'green', 'brown', 'yellow'), ('blue',), (1.0, 1.0),
        0.785, 0.8, _LAND, ('industry',), 0.16, pad=True, min_area=120,
    ),
    'basketball court': CategorySpec(
        fields.paint_basketball_court, ('red', 'blue', 'green', 'orange', 'gray'), ('yellow',), (1.7, 1.95), 1.0, 0.9,
        _LAND, ('sports', 'urban'), pad=True, min_area=320,
    ),
    'chimney': CategorySpec(
        buildings.paint_chimney, ('gray', 'red', 'white', 'brown'), ('green',), (3.0, 4.0), 0.8, 0.45, _LAND,
        ('industry',), 0.8, pad=True, min_area=160,
    ),
    'tennis court': CategorySpec(
        fields.paint_tennis_court, ('blue', 'green', 'red', 'brown'), ('gray',), (1.75, 2.0), 1.0, 0.9, _LAND,
        ('sports', 'urban'), pad=True, min_area=300,
    ),
    'overpass': CategorySpec(
        buildings.paint_overpass, ('gray', 'white', 'brown', 'blue'), ('red',), (2.6, 4.0), 1.0, 1.1, (), ('highway',),
        0.25, 'crossing',
    ),
    'train station': CategorySpec(
        buildings.paint_train_station, ('blue', 'red', 'white', 'gray'), ('green',), (1.7, 2.2), 0.9, 1.3, _LAND,
        ('industry', 'urban'), 0.08, pad=True, min_area=420,
    ),
    'ship': CategorySpec(
        transport.paint_ship, ('red', 'white', 'gray', 'green', 'black', 'orange', 'brown'), ('yellow', 'blue'),
        (3.2, 4.6), 0.82, 0.7, (Surface.WATER,), ('sea', 'sea', 'river'), 0.08, min_area=170,
    ),
    'expressway toll station': CategorySpec(
        buildings.paint_toll_station, ('red', 'blue', 'green', 'white'), ('yellow',), (2.4, 3.4), 0.7, 1.1, (),
        ('highway',), 0.15, 'crossing',
    ),
    'harbor': CategorySpec(
        buildings.paint_harbor, ('gray', 'white', 'brown'), ('red',), (1.3, 1.9), 0.5, 1.1, (), ('coast',), 0.0,
        'shore', min_area=350,
    ),
    'bridge': CategorySpec(
        buildings.paint_bridge, ('gray', 'white', 'red', 'yellow'), ('green',), (2.6, 4.2), 1.0, 1.0, (), ('river',),
        0.25, 'crossing',
    ),
    'vehicle': CategorySpec(
        transport.paint_vehicle, ('white', 'black', 'red', 'blue', 'yellow', 'gray'), ('green', 'orange'), (1.9, 2.7),
        0.95, 0.45, (Surface.ROAD, Surface.CONCRETE, Surface.SOIL, Surface.URBAN),
        ('road', 'road', 'urban', 'airport'), 0.12, min_area=110,
    ),
    'windmill': CategorySpec(
        buildings.paint_windmill, ('white', 'red', 'yellow', 'gray'), ('blue',), (1.25, 1.45), 0.075, 0.175,
        (Surface.GRASS, Surface.SOIL, Surface.WATER, Surface.SAND), ('farm', 'farm', 'coast'), 0.16, min_area=50,
    ),
}  # fmt: skip

#: Companions: what else stands in a scene of a theme.
THEME_CATEGORIES: dict[str, tuple[str, ...]] = {
    'airport': ('airplane', 'vehicle', 'storage tank'),
    'forest': ('golf field', 'baseball field', 'vehicle', 'tennis court', 'windmill'),
    'sports': ('tennis court', 'basketball court', 'ground track field', 'baseball field', 'stadium', 'vehicle'),
    'urban': ('vehicle', 'basketball court', 'tennis court', 'stadium', 'train station', 'ground track field'),
    'industry': ('storage tank', 'chimney', 'vehicle', 'train station'),
    'highway': ('overpass', 'expressway toll station', 'vehicle', 'storage tank', 'chimney'),
    'sea': ('ship', 'windmill', 'storage tank', 'harbor'),
    'coast': ('ship', 'harbor', 'storage tank', 'vehicle', 'windmill', 'chimney'),
    'river': ('bridge', 'ship', 'storage tank', 'tennis court', 'vehicle', 'chimney'),
    'road': ('vehicle', 'storage tank', 'basketball court', 'tennis court', 'windmill'),
    'farm': ('windmill', 'vehicle', 'storage tank', 'baseball field'),
}

#: Category-colour pairs that occur in ``novel_pair`` scenes only.
NOVEL_PAIRS: frozenset[tuple[str, str]] = frozenset(
    (category, color) for category, spec in CATALOG.items() for color in spec.novel_colors
)
