# Copyright (c) mmrrsis contributors.
"""Segment a georeferenced scene with referring expressions."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.windows import Window
from rich.console import Console
from rich.progress import Progress

from mmrrsis.apis.inference import check_expressions, check_threshold

from .coarse_to_fine import refine_strips
from .component_table import ComponentTable
from .mask_writer import FOREGROUND, RasterWriter, mask_nodata, probability_nodata
from .output_file import check_extension, output_file, raise_gdal_errors
from .predictor import Predictor
from .scene_picture import PICTURE_EXTENSIONS, PICTURE_SIDE, draw_scene
from .scene_reader import SceneReader
from .tiled_strips import count_tiles, tiled_strips
from .tiling import check_tiling
from .vectorize import VECTOR_DRIVERS, vectorize_mask, write_polygons
from .whole_strips import predict_whole, whole_strips

MODES = ('tiled', 'whole', 'coarse-to-fine')
RASTER_EXTENSIONS = ('.tif', '.tiff')
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
    mode: str = 'tiled',
    tile: int = 512,
    overlap: int = 128,
    threshold: float | None = None,
    bands: Sequence[int] | None = None,
    stretch: str | tuple[float, float] = 'auto',
    simplify: float = 0.0,
    crs: str | None = None,
    batch_size: int = 4,
    show_progress: bool = True,
) -> SceneResult:
    """Segment what sentences refer to in a scene and write it with the scene's georeference.

    Memory does not grow with the height of the scene: probabilities exist for one row of tiles at a time. Files appear
    under their names when all of them are complete.

    Args:
        predictor: A :class:`~mmrrsis.apis.ReferringInferencer`, or anything that predicts as it does.
        scene: A raster that GDAL reads.
        expressions: One expression or K.
        mask: GeoTIFF to write, uint8, one band an expression: 1 inside, 0 outside; pixels without data have the
            scene's nodata value if 8 bits hold it (and it is not 1), else 255.
        vector: GeoPackage (``.gpkg``, in the scene's CRS) or GeoJSON (``.geojson``, ``.json``, in EPSG:4326) to write,
            see :func:`~mmrrsis.geo.vectorize_mask`.
        probability: GeoTIFF to write, float32, one band an expression.
        picture: PNG or JPEG to write, the masks over a reduced view.
        mode: ``tiled``: every tile is asked on its own, at full resolution. ``whole``: the model sees the whole scene,
            reduced. ``coarse-to-fine``: for expressions whose meaning needs the whole scene, such as "the leftmost
            pier": located on the reduced scene, refined at full resolution there.
        tile: Side of a tile in pixels.
        overlap: Pixels that neighbouring tiles share, at most half of a tile.
        threshold: A pixel belongs to a mask when its probability is above this, in [0, 1]. None takes the model's.
        bands: One band (grey) or three (red, green, blue), counted from 1; see :class:`~mmrrsis.geo.SceneReader`.
        stretch: ``auto`` (8-bit scenes as they are, others from their 2nd to their 98th percentile), ``none``, or two
            percentiles.
        simplify: Outlines of polygons may move by this many pixels.
        crs: CRS of a scene that names none, such as ``EPSG:32633``.
        batch_size: Tiles in one call of the model.
        show_progress: Show a progress bar on standard error.

    Returns:
        Scores and sizes of the masks.

    Raises:
        FileNotFoundError: If there is no such scene.
        OSError: With ``errno.ENOSPC`` if the disk is full; nothing is left behind then.
        ValueError: If the scene is unreadable, an argument is out of range, an extension unknown, or polygons are
            wanted of a scene without CRS.
    """
    expressions = [expressions] if isinstance(expressions, str) else list(expressions)
    check_expressions(expressions)
    check_threshold(threshold)
    check_tiling(tile, overlap)
    targets = _check_outputs(scene, mask, vector, probability, picture)
    if mode not in MODES:
        raise ValueError(f'`mode` must be one of {", ".join(MODES)} but is {mode!r}.')
    if batch_size < 1:
        raise ValueError(f'`batch_size` must be 1 or more but is {batch_size}.')
    if simplify < 0:
        raise ValueError(f'`simplify` must be 0 or more pixels but is {simplify}.')
    threshold = predictor.mask_threshold if threshold is None else threshold
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=_GDAL_CACHE_BYTES))
        reader = stack.enter_context(SceneReader(scene, bands, stretch))
        out_crs = _choose_crs(reader, crs, vector is not None)
        plane = reader.height * reader.width * len(expressions)
        needed = plane * (5 if probability is not None else 1)  # if nothing can be compressed
        # The mask exists in any case: polygons and picture are made from it.
        place = mask or vector or picture or probability
        mask_place = mask or Path(place).with_suffix('.mask.tif')
        mask_file = stack.enter_context(output_file(mask_place, needed, keep=mask is not None))
        probability_file = None
        if probability is not None:
            probability_file = stack.enter_context(output_file(probability, needed))
        progress = stack.enter_context(Progress(console=Console(file=sys.stderr), disable=not show_progress))
        strips = _predict(reader, predictor, expressions, mode, threshold, tile, overlap, batch_size, progress)
        with raise_gdal_errors():
            components = _write_rasters(reader, strips, expressions, threshold, mask_file, probability_file, out_crs)
        polygons = None
        if vector is not None:
            found = vectorize_mask(mask_file, expressions, components, CRS.from_user_input(out_crs), simplify)
            polygons = tuple(int((found['expression'] == expression).sum()) for expression in expressions)
            vector_file = stack.enter_context(output_file(vector, _POLYGON_BYTES * (len(found) + 32)))
            write_polygons(found, vector_file, name=Path(vector).stem)
        if picture is not None:
            picture_file = stack.enter_context(output_file(picture, 3 * PICTURE_SIDE**2 * len(expressions)))
            drawn = draw_scene(reader, mask_file, expressions)
            encoded = cv2.imencode(Path(picture).suffix, drawn[..., ::-1])[1]
            picture_file.write_bytes(encoded.tobytes())
    pixels, scores = zip(*(table.total() for table in components), strict=True)
    return SceneResult(tuple(expressions), scores, pixels, polygons, threshold, targets)


def _check_outputs(
    scene: str | Path,
    mask: str | Path | None,
    vector: str | Path | None,
    probability: str | Path | None,
    picture: str | Path | None,
) -> tuple[Path, ...]:
    """Check the names of the output files and return them."""
    check_extension(mask, RASTER_EXTENSIONS, 'mask')
    check_extension(probability, RASTER_EXTENSIONS, 'probability')
    check_extension(vector, tuple(VECTOR_DRIVERS), 'vector file')
    check_extension(picture, PICTURE_EXTENSIONS, 'picture')
    targets = tuple(Path(path) for path in (mask, vector, probability, picture) if path is not None)
    if not targets:
        raise ValueError('There is nothing to write. Name a mask, a vector file, a probability file or a picture.')
    resolved = [path.resolve() for path in (Path(scene), *targets)]
    if len(set(resolved)) < len(resolved):
        raise ValueError(f'Outputs must differ from each other and from the scene {scene}.')
    return targets


def _choose_crs(scene: SceneReader, crs: str | None, needed: bool) -> rasterio.crs.CRS | None:
    """Return the CRS of the outputs."""
    if crs is not None:
        if scene.crs is not None:
            raise ValueError(f'`crs` is for scenes that name none, but {scene.path} has {scene.crs}. Leave `crs` out.')
        try:
            return rasterio.crs.CRS.from_user_input(CRS.from_user_input(crs))
        except CRSError as error:
            raise ValueError(
                f'`crs` must be a coordinate reference system such as EPSG:32633 but is {crs!r}.'
            ) from error
    if scene.crs is None and needed:
        raise ValueError(
            f'{scene.path} names no coordinate reference system, so polygons would have neither place nor area. Give '
            'the CRS (`crs`, on the command line --crs EPSG:32633), or ask for the mask alone.'
        )
    return scene.crs


def _predict(
    scene: SceneReader,
    predictor: Predictor,
    expressions: list[str],
    mode: str,
    threshold: float,
    tile: int,
    overlap: int,
    batch_size: int,
    progress: Progress,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the strips of one of the modes."""
    shape = scene.height, scene.width

    def start_progress(total: int) -> Callable[[int], None]:
        task = progress.add_task(f'Segmenting {scene.path.name}', total=total)
        return lambda count: progress.advance(task, count)

    if mode == 'tiled':
        advance = start_progress(count_tiles(shape, tile, overlap))
        window = Window(0, 0, scene.width, scene.height)
        yield from tiled_strips(scene, window, predictor, expressions, tile, overlap, batch_size, advance)
        return
    advance = start_progress(1)
    reduced = predict_whole(scene, predictor, expressions)
    advance(1)
    if mode == 'whole':
        yield from whole_strips(reduced, shape)
    else:
        yield from refine_strips(
            scene, reduced, predictor, expressions, threshold, tile, overlap, batch_size, start_progress
        )


def _write_rasters(
    scene: SceneReader,
    strips: Iterator[tuple[int, np.ndarray]],
    expressions: list[str],
    threshold: float,
    mask_file: Path,
    probability_file: Path | None,
    crs: rasterio.crs.CRS | None,
) -> list[ComponentTable]:
    """Write the rasters strip by strip and return the parts of each mask."""
    components = [ComponentTable() for _ in expressions]
    with ExitStack() as stack:
        mask_writer = stack.enter_context(
            RasterWriter(mask_file, scene, expressions, 'uint8', mask_nodata(scene), crs)
        )
        probability_writer = None
        if probability_file is not None:
            probability_writer = stack.enter_context(
                RasterWriter(probability_file, scene, expressions, 'float32', probability_nodata(scene), crs)
            )
        for top, strip in strips:
            valid = scene.read_valid(Window(0, top, scene.width, strip.shape[1]))
            masks = (strip > threshold) & valid
            for table, mask, probability in zip(components, masks, strip, strict=True):
                table.add(top, mask, probability)
            mask_writer.write(top, masks.astype(np.uint8) * FOREGROUND, valid)
            if probability_writer is not None:
                probability_writer.write(top, strip, valid)
        mask_writer.set_scores([table.total()[1] for table in components], threshold)
    return components
