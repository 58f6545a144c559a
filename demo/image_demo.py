# Copyright (c) mmrrsis contributors.
"""Segment what a sentence refers to in one photograph and save the picture."""

import argparse
import os
from pathlib import Path

# OpenCV warns for every geographic tag of a GeoTIFF; the variable is read when OpenCV is imported.
os.environ.setdefault('OPENCV_LOG_LEVEL', 'ERROR')

import mmcv
from mmengine.config import DictAction

from mmrrsis.apis import init_segmentor, segment_image
from mmrrsis.images import read_image
from mmrrsis.visualization import draw_mask


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('image', help='image file of any size; of a GeoTIFF, the pixels')
    parser.add_argument('expression', help='referring expression, for example "the ship on the left"')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out-file', required=True, help='picture to write')
    parser.add_argument('--device', help='torch device, such as cuda:0 (default: an accelerator if there is one)')
    parser.add_argument('--threshold', type=float, help="mask threshold in [0, 1] (default: the config's)")
    parser.add_argument(
        '--force', action='store_true', help='segment an object that the model was not trained on all the same'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='changes of the config, key=value')
    return parser.parse_args()


def main() -> None:
    """Segment and draw."""
    args = parse_args()
    image = read_image(args.image)
    model = init_segmentor(args.config, args.checkpoint, args.device, args.cfg_options)
    data_sample = segment_image(model, image, args.expression, args.threshold, args.force)
    mask = data_sample.pred_mask.data[0].numpy()
    mmcv.imwrite(draw_mask(image, mask)[..., ::-1], args.out_file)
    print(
        f'"{args.expression}": {mask.mean():.1%} of {Path(args.image).name} above {data_sample.mask_threshold:g}, '
        f'highest probability {data_sample.pred_mask.probability.max():.2f}. Picture: {args.out_file}'
    )


if __name__ == '__main__':
    main()
