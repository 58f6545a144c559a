# Copyright (c) mmrrsis contributors.
"""Show a page in the browser: an image and sentences in, masks and polygons out."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmrrsis.web import Example

# OpenCV warns for every geographic tag of a GeoTIFF; the variable is read when OpenCV is imported.
os.environ.setdefault('OPENCV_LOG_LEVEL', 'ERROR')

# Scenes of SynthRS's test split, which no training sees, and how many of their objects are asked for.
SYNTHETIC_SCENES = ((12, 4), (6, 3))
IMAGE_SIZE = 384


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Without --config and --checkpoint the small model of the package is used. It has seen synthetic '
        'scenes only: on real photographs its masks mean nothing.',
    )
    parser.add_argument('--config', help='config file, or name of a config of the package')
    parser.add_argument('--checkpoint', help='checkpoint that was trained with this config')
    parser.add_argument('--device', help='torch device, such as cuda:0 (default: an accelerator if there is one)')
    parser.add_argument('--port', type=int, help='port on this machine (default: the first free one from 7860 on)')
    parser.add_argument('--share', action='store_true', help="make a public link through Gradio's servers")
    return parser.parse_args()


def write_examples(folder: str | Path) -> list[Example]:
    """Make the examples: two synthetic scenes, and the aerial photograph of this folder.

    The expressions of the synthetic scenes are those that the generator has verified. The small model does not know
    trees: the page refuses the photograph's sentence and offers to force an answer.

    Args:
        folder: Where the synthetic scenes are written; it exists.

    Returns:
        The examples.
    """
    from PIL import Image

    from mmrrsis.datasets.synthesis import SceneGenerator
    from mmrrsis.web import Example

    generator = SceneGenerator('easy', IMAGE_SIZE)
    examples = []
    for number, (index, count) in enumerate(SYNTHETIC_SCENES, start=1):
        scene = generator.generate(index, 'test')
        path = Path(folder) / f'synthetic_scene_{number}.png'
        Image.fromarray(scene.image).save(path)
        expressions = tuple(referral.expressions[0] for referral in scene.referrals[:count])
        examples.append(Example(path, expressions, f'Scene {number}'))
    photograph = Path(__file__).with_name('OSBS_029.tif')
    examples.append(Example(photograph, ('the tree in the center',), 'GeoTIFF, unknown object'))
    return examples


def main() -> None:
    """Load the model and serve the page."""
    args = parse_args()
    # Imported here, so that --help does not load PyTorch.
    from mmrrsis.apis import ReferringInferencer
    from mmrrsis.web import launch_page, training_note

    inferencer = ReferringInferencer(args.config, args.checkpoint, args.device, show_progress=False)
    cfg = inferencer.cfg
    with tempfile.TemporaryDirectory(prefix='mmrrsis_examples_') as folder:
        examples = write_examples(folder)
        launch_page(inferencer, Path(cfg.filename).stem, examples, training_note(cfg), args.port, args.share)


if __name__ == '__main__':
    main()
