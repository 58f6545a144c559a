# Copyright (c) mmrrsis contributors.
"""Draw a page of samples with ground truth and prediction."""

import argparse
from pathlib import Path

import numpy as np
from mmengine.config import DictAction

from mmrrsis.analysis import build_dataset, predict_samples
from mmrrsis.apis import init_segmentor
from mmrrsis.visualization import draw_contact_sheet


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', required=True, help='picture to write')
    parser.add_argument('--split', choices=['val', 'test'], default='test', help='whose data to take')
    parser.add_argument('--samples', type=int, default=8, help='number of rows, taken evenly from the split')
    parser.add_argument('--title', default='', help='title of the page')
    parser.add_argument('--device', help='torch device, such as cuda:0 (default: an accelerator if there is one)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='changes of the config, key=value')
    return parser.parse_args()


def main() -> None:
    """Predict and draw."""
    args = parse_args()
    model = init_segmentor(args.config, args.checkpoint, args.device, args.cfg_options)
    dataset = build_dataset(model.cfg, args.split)
    # Evenly spaced, so that the page does not show one image's neighbours only; the same samples at every call.
    indices = np.unique(np.linspace(0, len(dataset) - 1, args.samples).round().astype(int))
    rows = list(predict_samples(model, dataset, indices))
    print(draw_contact_sheet(rows, Path(args.out), args.title))


if __name__ == '__main__':
    main()
