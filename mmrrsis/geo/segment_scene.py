# Copyright (c) mmrrsis contributors.
"""Segment a georeferenced scene with referring expressions."""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
from rasterio.windows import Window
from rich.console import Console
from rich.progress import Progress

from mmrrsis.apis import ExpressionWarning
from mmrrsis.apis.inference import check_expressions

from .coarse_to_fine import refine_strips
from .component_table import ComponentTable
from .mask_writer import PICTURE_SIDE, draw_scene, write_masks
from .output_file import output_file, raise_gdal_errors
from .scene_options import SceneOptions, SceneOutputs
from .scene_reader import SceneReader
from .strips import Predictor, predict_whole, tiled_strips, whole_strips
from .tiling import Tiling
from .vector_target import check_vector_target, copy_other_layers, layer_name
from .vectorize import VECTOR_DRIVERS, vectorize_mask, write_polygons

# GDAL would take 5% of the machine's memory for its cache, however little a container may use.
_GDAL_CACHE_BYTES = 256 << 20
# What a polygon takes in a file, generously; their number is not known before.
_POLYGON_BYTES = 4096


@dataclass(frozen=True)
class SceneResult:
    """What was found in a scene.

    Attributes:
        expressions: K expressions.
        scores: Mean probability inside each mask, in [0, 1]; 0 for an empty mask.
        pixels: Pixels of each mask.
        polygons: Number of polygons of each expression; None if none were asked for.
        threshold: Probability above which a pixel belongs to a mask.
        outputs: The files that were written.
    """

    expressions: tuple[str, ...]
    scores: tuple[float, ...]
    pixels: tuple[int, ...]
    polygons: tuple[int, ...] | None
    threshold: float
    outputs: tuple[Path, ...]


def segment_scene(
    predictor: Predictor,
    scene: str | Path,
    expressions: str | Sequence[str],
    *,
    mask: str | Path | None = None,
    vector: str | Path | None = None,
    probability: str | Path | None = None,
    picture: str | Path | None = None,
    mode: str = SceneOptions.mode,
    tile: int = Tiling.tile,
    overlap: int = Tiling.overlap,
    threshold: float | None = None,
    bands: Sequence[int] | None = None,
    stretch: str | tuple[float, float] = SceneOptions.stretch,
    simplify: float = SceneOptions.simplify,
    crs: str | None = None,
    batch_size: int = Tiling.batch_size,
    overwrite: bool = SceneOptions.overwrite,
    show_progress: bool = True,
    force: bool = False,
) -> SceneResult:
    """Segment what sentences refer to in a scene and write it with the scene's georeference.

    Memory does not grow with the height of the scene: probabilities exist for one row of tiles at a time. Files appear
    under their names when all of them are complete.

    Args:
        predictor: A :class:`~mmrrsis.apis.ReferringInferencer`, or anything that predicts as it does.
        scene: A raster that GDAL reads.
        expressions: One expression or K.
        mask: GeoTIFF to write, uint8, one band per expression: 1 inside, 0 outside; pixels without data have the
            scene's nodata value if 8 bits hold it (and it is not 1), else 255.
        vector: GeoPackage (``.gpkg``, in the scene's CRS) or GeoJSON (``.geojson``, ``.json``, in EPSG:4326) to write,
            see :func:`~mmrrsis.geo.vectorize_mask`. Other layers of a GeoPackage stay.
        probability: GeoTIFF to write, float32, one band per expression.
        picture: PNG or JPEG to write, the masks over a reduced view.
        mode: ``tiled``: each tile is segmented on its own, at full resolution. ``whole``: the model sees the whole
            scene, reduced. ``coarse-to-fine``: for expressions whose meaning needs the whole scene, such as "the
            leftmost pier": located on the reduced scene, refined at full resolution there.
        tile: Side of a tile in pixels.
        overlap: Pixels that neighbouring tiles share, at most half of a tile.
        threshold: A pixel belongs to a mask when its probability is above this, in [0, 1]. None takes the model's.
        bands: One band (grey) or three (red, green, blue), counted from 1; see :class:`~mmrrsis.geo.SceneReader`.
        stretch: ``auto`` (8-bit scenes as they are, others from their 2nd to their 98th percentile), ``none``, or two
            percentiles.
        simplify: Outlines of polygons may move by this many pixels.
        crs: CRS of a scene that names none, such as ``EPSG:32633``.
        batch_size: Tiles in one call of the model.
        overwrite: Replace a layer of the name of ``vector``, or a GeoJSON file, that was not written here.
        show_progress: Show a progress bar on standard error.
        force: Segment objects that the model was not trained on all the same.

    Returns:
        Scores and sizes of the masks.

    Raises:
        FileNotFoundError: If there is no such scene.
        OSError: With ``errno.ENOSPC`` if the disk is full; nothing is left behind then.
        ValueError: If the scene is unreadable, an argument is out of range, an extension unknown, polygons are
            wanted of a scene whose place or CRS does not allow them, or ``vector`` holds what was not written here.
        UnknownObjectError: If the model was not trained on the object that an expression names.

    Warns:
        ExpressionWarning: If the model does not know or does not see other words of an expression.
    """
    expressions = [expressions] if isinstance(expressions, str) else list(expressions)
    check_expressions(expressions)
    for message in predictor.check_words(expressions, force):
        warnings.warn(message, ExpressionWarning, stacklevel=2)
    options = SceneOptions(
        threshold=predictor.mask_threshold if threshold is None else threshold,
        mode=mode,
        tiling=Tiling(tile, overlap, batch_size),
        bands=None if bands is None else tuple(bands),
        stretch=stretch,
        simplify=simplify,
        crs=crs,
        overwrite=overwrite,
    )
    named = (mask, vector, probability, picture)
    outputs = SceneOutputs(*(None if path is None else Path(path) for path in named))
    outputs.check_against(Path(scene))
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=_GDAL_CACHE_BYTES))
        reader = stack.enter_context(SceneReader(scene, options.bands, options.stretch, options.crs))
        progress = stack.enter_context(Progress(console=Console(file=sys.stderr), disable=not show_progress))
        strips = _predict(reader, predictor, expressions, options, progress)
        components, polygons = _write(reader, strips, expressions, options, outputs)
    pixels, scores = zip(*(table.total() for table in components), strict=True)
    return SceneResult(tuple(expressions), scores, pixels, polygons, options.threshold, outputs.paths)


def _predict(
    scene: SceneReader,
    predictor: Predictor,
    expressions: list[str],
    options: SceneOptions,
    progress: Progress,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the strips of one of the modes."""
    shape = scene.height, scene.width

    def start_progress(total: int) -> Callable[[int], None]:
        task = progress.add_task(f'Segmenting {scene.path.name}', total=total)
        return lambda count: progress.advance(task, count)

    if options.mode == 'tiled':
        advance = start_progress(options.tiling.count(shape))
        window = Window(0, 0, scene.width, scene.height)
        yield from tiled_strips(scene, window, predictor, expressions, options.tiling, advance)
        return
    advance = start_progress(1)
    reduced = predict_whole(scene, predictor, expressions)
    advance(1)
    if options.mode == 'whole':
        yield from whole_strips(reduced, shape)
    else:
        yield from refine_strips(scene, reduced, predictor, expressions, options, start_progress)


def _write(
    scene: SceneReader,
    strips: Iterator[tuple[int, np.ndarray]],
    expressions: list[str],
    options: SceneOptions,
    outputs: SceneOutputs,
) -> tuple[list[ComponentTable], tuple[int, ...] | None]:
    """Write the files; return the parts of each mask and the number of its polygons, None if none are wanted."""
    crs = None
    if outputs.vector is not None:
        # Before the model runs for an hour.
        crs = scene.georeference.check_polygons(VECTOR_DRIVERS[outputs.vector.suffix.lower()] == 'GeoJSON')
        check_vector_target(outputs.vector, options.overwrite)
    plane = scene.height * scene.width * len(expressions)
    needed = plane * (5 if outputs.probability is not None else 1)  # if nothing can be compressed
    with ExitStack() as files:
        # The mask exists in any case: polygons and picture are made from it.
        mask_place = outputs.mask or outputs.paths[0].with_suffix('.mask.tif')
        mask_file = files.enter_context(output_file(mask_place, needed, keep=outputs.mask is not None))
        probability_file = None
        if outputs.probability is not None:
            probability_file = files.enter_context(output_file(outputs.probability, needed))
        with raise_gdal_errors():
            components = write_masks(scene, strips, expressions, options.threshold, mask_file, probability_file)
        counts = None
        if outputs.vector is not None and crs is not None:
            polygons = vectorize_mask(mask_file, expressions, components, crs, scene.transform, options.simplify)
            counts = tuple(len(table.parts()) for table in components)
            old = outputs.vector.stat().st_size if outputs.vector.exists() else 0
            vector_file = files.enter_context(output_file(outputs.vector, _POLYGON_BYTES * (len(polygons) + 32) + old))
            copy_other_layers(outputs.vector, vector_file)
            write_polygons(polygons, vector_file, layer_name(outputs.vector))
        if outputs.picture is not None:
            picture_file = files.enter_context(output_file(outputs.picture, 3 * PICTURE_SIDE**2 * len(expressions)))
            drawn = draw_scene(scene, mask_file, expressions)
            encoded = cv2.imencode(outputs.picture.suffix, drawn[..., ::-1])[1]
            picture_file.write_bytes(encoded.tobytes())
    return components, counts
