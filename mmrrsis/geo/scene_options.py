# Copyright (c) mmrrsis contributors.
"""What a person chooses when a scene is segmented: settings, and the files to write."""

from dataclasses import dataclass, field
from pathlib import Path

from mmrrsis.apis.inference import check_threshold

from .mask_writer import PICTURE_EXTENSIONS, RASTER_EXTENSIONS
from .output_file import check_extension
from .tiling import Tiling
from .vectorize import VECTOR_DRIVERS

MODES = ('tiled', 'whole', 'coarse-to-fine')


@dataclass(frozen=True)
class SceneOptions:
    """How a scene is read, predicted, and turned into masks and polygons.

    Attributes:
        threshold: A pixel belongs to a mask when its probability is above this, in [0, 1].
        mode: ``tiled``, ``whole`` or ``coarse-to-fine``, see :func:`~mmrrsis.geo.segment_scene`.
        tiling: Size, overlap and batches of tiles.
        bands: One band (grey) or three (red, green, blue), counted from 1; None takes those of the file's colours.
        stretch: ``auto``, ``none`` or two percentiles, see :func:`~mmrrsis.geo.scene_reader.parse_stretch`.
        simplify: Outlines of polygons may move by this many pixels, 0 or more.
        crs: CRS of a scene that names none, such as ``EPSG:32633``.
        overwrite: Replace polygons that were not written here.

    Raises:
        ValueError: If threshold, mode or simplify are out of range. Bands, stretch and CRS are checked against the
            scene by :class:`~mmrrsis.geo.SceneReader`.
    """

    threshold: float
    mode: str = 'tiled'
    tiling: Tiling = field(default_factory=Tiling)
    bands: tuple[int, ...] | None = None
    stretch: str | tuple[float, float] = 'auto'
    simplify: float = 0.0
    crs: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_threshold(self.threshold)
        if self.mode not in MODES:
            raise ValueError(f'`mode` must be one of {", ".join(MODES)} but is {self.mode!r}.')
        if self.simplify < 0:
            raise ValueError(
                f'`simplify` must be 0 or more pixels but is {self.simplify}. 0 keeps every corner of the pixels.'
            )


@dataclass(frozen=True)
class SceneOutputs:
    """The files to write; None for what is not wanted.

    Attributes:
        mask: GeoTIFF of the masks.
        vector: GeoPackage or GeoJSON of the polygons.
        probability: GeoTIFF of the probabilities.
        picture: PNG or JPEG of the masks over a reduced view.

    Raises:
        ValueError: If an extension is unknown, or there is no file.
    """

    mask: Path | None = None
    vector: Path | None = None
    probability: Path | None = None
    picture: Path | None = None

    def __post_init__(self) -> None:
        check_extension(self.mask, RASTER_EXTENSIONS, 'mask')
        check_extension(self.probability, RASTER_EXTENSIONS, 'probability')
        check_extension(self.vector, tuple(VECTOR_DRIVERS), 'vector file')
        check_extension(self.picture, PICTURE_EXTENSIONS, 'picture')
        if not self.paths:
            raise ValueError('There is nothing to write. Name a mask, a vector file, a probability file or a picture.')

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that are wanted."""
        named = (self.mask, self.vector, self.probability, self.picture)
        return tuple(path for path in named if path is not None)

    def check_against(self, scene: Path) -> None:
        """Check that no file would be written twice, nor over the scene.

        Raises:
            ValueError: If two of them are the same file.
        """
        resolved = [path.resolve() for path in (scene, *self.paths)]
        if len(set(resolved)) < len(resolved):
            raise ValueError(f'Outputs must differ from each other and from the scene {scene}.')
