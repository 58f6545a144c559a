# Copyright (c) mmrrsis contributors.
"""Show a page in the browser: an image and sentences in, masks and polygons out."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmrrsis.web import Example

# OpenCV warns for every geographic tag of a GeoTIFF; the variable is read when OpenCV is imported.
os.environ.setdefault('OPENCV_LOG_LEVEL', 'ERROR')

EXAMPLES = (
    ('airplanes.jpg', ('the airplane on the left', 'the airplane at the bottom right'), 'Airplanes'),
    ('tennis_courts.jpg', ('the tennis court on the left', 'the rightmost tennis court'), 'Tennis courts'),
    ('OSBS_029.tif', ('the tree in the center',), 'GeoTIFF, unknown object'),
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Without --config and --checkpoint the small model of the package is used. It knows ten categories of '
        'objects in aerial photographs, such as airplanes, ships and storage tanks, and is for research use only.',
    )
    parser.add_argument('--config', help='config file, or name of a config of the package')
    parser.add_argument('--checkpoint', help='checkpoint that was trained with this config')
    parser.add_argument('--device', help='torch device, such as cuda:0 (default: an accelerator if there is one)')
    parser.add_argument('--port', type=int, help='port on this machine (default: the first free one from 7860 on)')
    parser.add_argument('--share', action='store_true', help="make a public link through Gradio's servers")
    return parser.parse_args()


def find_examples() -> list[Example]:
    """Return the aerial photographs of this folder, each with sentences.

    The small model does not know trees: the page refuses the last example's sentence and offers to force an answer.
    """
    from mmrrsis.web import Example

    folder = Path(__file__).parent
    return [Example(folder / name, expressions, label) for name, expressions, label in EXAMPLES]


def main() -> None:
    """Load the model and serve the page."""
    args = parse_args()
    # Imported here, so that --help does not load PyTorch.
    from mmrrsis.apis import ReferringInferencer
    from mmrrsis.web import launch_page, training_note

    inferencer = ReferringInferencer(args.config, args.checkpoint, args.device, show_progress=False)
    cfg = inferencer.cfg
    note = training_note(cfg, inferencer.model.terms)
    launch_page(inferencer, Path(cfg.filename).stem, find_examples(), note, args.port, args.share)


if __name__ == '__main__':
    main()
