# Copyright (c) mmrrsis contributors.
"""Draw samples of a data set with their expressions and ground truth."""

import argparse
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import DictAction

from mmrrsis.engine import explain_config_errors, load_config
from mmrrsis.images import read_image
from mmrrsis.registry import DATASETS
from mmrrsis.visualization import GT_COLOR, draw_mask, draw_text_band

TILE = 256  # pixels


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--out', type=Path, required=True, help='picture to write')
    parser.add_argument('--split', choices=['val', 'test'], default='val', help='whose data to take')
    parser.add_argument('--samples', type=int, default=16, help='number of samples, taken evenly from the split')
    parser.add_argument('--columns', type=int, default=4, help='samples side by side')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='changes of the config, key=value')
    return parser.parse_args()


def main() -> None:
    """Draw a page of tiles."""
    args = parse_args()
    cfg = load_config(args.config)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    with explain_config_errors(cfg):
        dataset = DATASETS.build(cfg[f'{args.split}_dataloader'].dataset)
    tiles = []
    for index in np.unique(np.linspace(0, len(dataset) - 1, args.samples).round().astype(int)):
        sample = dataset[int(index)]['data_samples']
        image = draw_mask(read_image(sample.img_path), sample.gt_mask.data[0].numpy().astype(bool), GT_COLOR)
        image = cv2.resize(image, (TILE, TILE), interpolation=cv2.INTER_AREA)
        tiles.append(np.concatenate((draw_text_band(sample.text.raw, TILE), image)))
    height = max(len(tile) for tile in tiles)
    # Bands differ in height by their number of lines; images stand on one line.
    tiles = [np.pad(tile, ((height - len(tile), 4), (0, 4), (0, 0)), constant_values=255) for tile in tiles]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % args.columns)
    rows = [
        np.concatenate(tiles[start : start + args.columns], axis=1) for start in range(0, len(tiles), args.columns)
    ]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(args.out), np.concatenate(rows)[..., ::-1])
    print(args.out)


if __name__ == '__main__':
    main()
