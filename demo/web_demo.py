# Copyright (c) mmrrsis contributors.
"""Show a page in the browser: an image and sentences in, masks and polygons out."""

import argparse
import os
from pathlib import Path

# OpenCV warns for every geographic tag of a GeoTIFF; the variable is read when OpenCV is imported.
os.environ.setdefault('OPENCV_LOG_LEVEL', 'ERROR')


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


def main() -> None:
    """Load the model and serve the page."""
    args = parse_args()
    # Imported here, so that --help does not load PyTorch.
    from mmrrsis.apis import ReferringInferencer
    from mmrrsis.web import launch_page, training_note

    inferencer = ReferringInferencer(args.config, args.checkpoint, args.device, show_progress=False)
    cfg = inferencer.cfg
    launch_page(inferencer, Path(cfg.filename).stem, training_note(cfg), args.port, args.share)


if __name__ == '__main__':
    main()
