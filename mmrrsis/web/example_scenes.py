# Copyright (c) mmrrsis contributors.
"""Scenes to try the page with."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from mmrrsis.datasets.synthesis import SceneGenerator
from mmrrsis.package_files import packaged_folder

# Scenes of SynthRS's test split, which no training sees, and how many of their objects are asked for.
_SYNTHETIC = ((12, 4), (6, 3))
_IMAGE_SIZE = 384


@dataclass(frozen=True)
class Example:
    """An image with expressions that fit.

    Attributes:
        path: The image.
        expressions: The expressions.
        title: What it is.
    """

    path: Path
    expressions: tuple[str, ...]
    title: str


def write_examples(folder: str | Path) -> list[Example]:
    """Make the examples: two synthetic scenes, and the aerial photograph of the demo.

    The expressions of the synthetic scenes are those that the generator has verified.

    Args:
        folder: Where the synthetic scenes are written; it exists.

    Returns:
        The examples.
    """
    generator = SceneGenerator('easy', _IMAGE_SIZE)
    examples = []
    for number, (index, count) in enumerate(_SYNTHETIC, start=1):
        scene = generator.generate(index, 'test')
        path = Path(folder) / f'synthetic_scene_{number}.png'
        Image.fromarray(scene.image).save(path)
        expressions = tuple(referral.expressions[0] for referral in scene.referrals[:count])
        examples.append(Example(path, expressions, f'Scene {number}'))
    photograph = packaged_folder('demo') / 'OSBS_029.tif'
    examples.append(Example(photograph, ('the tree in the center',), 'GeoTIFF'))
    return examples
