# Copyright (c) mmrrsis contributors.
"""Segment a georeferenced scene."""

import argparse
import sys
import warnings
from collections.abc import Sequence


def _bands(text: str) -> tuple[int, ...]:
    """Read band numbers such as ``3,2,1``."""
    try:
        return tuple(int(part) for part in text.split(','))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'expected numbers such as 3,2,1 but got {text!r}') from error


def build_parser(modes: Sequence[str], program: str | None) -> argparse.ArgumentParser:
    """Return the parser of ``mmrrsis segment``."""
    parser = argparse.ArgumentParser(
        prog=program,
        description='Segment what sentences refer to in a scene; outputs keep its georeference.',
        epilog='Without --config and --checkpoint the small model of the package is used. It has seen synthetic '
        'scenes only: on real photographs its masks mean nothing.',
    )
    parser.add_argument('scene', help='GeoTIFF or another raster that GDAL reads')
    parser.add_argument(
        'expressions', nargs='+', metavar='expression', help='such as "the storage tanks in the north"'
    )
    outputs = parser.add_argument_group('outputs, at least one')
    outputs.add_argument('--out', metavar='TIF', help='mask, one band per expression')
    outputs.add_argument('--vector', metavar='FILE', help='polygons: .gpkg, or .geojson (in EPSG:4326)')
    outputs.add_argument('--probability', metavar='TIF', help='probabilities, float32, one band per expression')
    outputs.add_argument('--picture', metavar='FILE', help='the masks over a reduced view: .png or .jpg')
    model = parser.add_argument_group('model')
    model.add_argument('--config', help='config file, or name of a config of the package')
    model.add_argument('--checkpoint', help='checkpoint that was trained with this config')
    model.add_argument('--device', help='torch device, such as cuda:0 (default: an accelerator if there is one)')
    model.add_argument('--threshold', type=float, help="mask threshold in [0, 1] (default: the config's)")
    model.add_argument(
        '--force', action='store_true', help='segment objects that the model was not trained on all the same'
    )
    model.add_argument('--batch-size', type=int, default=4, help='tiles in one pass (default: %(default)s)')
    scene = parser.add_argument_group('scene')
    scene.add_argument(
        '--mode',
        choices=modes,
        default='tiled',
        help='tiled: each tile alone; whole: the reduced scene; coarse-to-fine: locate on the reduced scene, refine '
        'there, for expressions such as "the leftmost pier" (default: %(default)s)',
    )
    scene.add_argument('--tile', type=int, default=512, help='side of a tile in pixels (default: %(default)s)')
    scene.add_argument('--overlap', type=int, default=128, help='pixels that tiles share (default: %(default)s)')
    scene.add_argument('--bands', type=_bands, help='one band (grey) or three (R,G,B), such as 4,3,2, counted from 1')
    scene.add_argument(
        '--stretch',
        default='auto',
        help='auto (8-bit as it is, others 2,98), none, or two percentiles such as 0.5,99.5 (default: %(default)s)',
    )
    scene.add_argument('--crs', help='CRS of a scene that names none, such as EPSG:32633')
    scene.add_argument(
        '--simplify', type=float, default=0.0, metavar='PIXELS', help='how far outlines of polygons may move'
    )
    scene.add_argument(
        '--overwrite',
        action='store_true',
        help='replace what --vector names, even if it was not written here',
    )
    scene.add_argument('--quiet', action='store_true', help='no progress bar')
    return parser


def main(arguments: Sequence[str] | None = None, program: str | None = None) -> None:
    """Segment and report.

    Args:
        arguments: Words of the command line; None takes those of the process.
        program: Name of the command in the help; None takes that of the process.
    """
    from mmrrsis.geo import MODES, segment_scene

    parser = build_parser(MODES, program)
    args = parser.parse_args(arguments)
    from mmrrsis.apis import ExpressionWarning, ReferringInferencer

    inferencer = ReferringInferencer(args.config, args.checkpoint, args.device, show_progress=False)
    for message in inferencer.check_words(args.expressions, args.force):
        print(f'{parser.prog}: warning: {message}', file=sys.stderr)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', ExpressionWarning)  # they are printed above, as a command says such things
        result = segment_scene(
            inferencer,
            args.scene,
            args.expressions,
            mask=args.out,
            vector=args.vector,
            probability=args.probability,
            picture=args.picture,
            mode=args.mode,
            tile=args.tile,
            overlap=args.overlap,
            threshold=args.threshold,
            bands=args.bands,
            stretch=args.stretch,
            simplify=args.simplify,
            crs=args.crs,
            batch_size=args.batch_size,
            overwrite=args.overwrite,
            show_progress=not args.quiet,
            force=args.force,
        )
    for index, expression in enumerate(result.expressions):
        polygons = '' if result.polygons is None else f', {result.polygons[index]} polygons'
        print(f'"{expression}": {result.pixels[index]} pixels{polygons}, score {result.scores[index]:.3f}')
    print(f'Written: {", ".join(str(path) for path in result.outputs)}')
