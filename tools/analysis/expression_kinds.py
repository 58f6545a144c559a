# Copyright (c) mmrrsis contributors.
"""Which kinds of expressions a model understands: mIoU, and how often it prefers the target to the others around it.

A sample counts as preferred when the mean probability on its target exceeds that on every other annotated target of
the same image. The kind of an expression is read off its words. Without language a model prefers one of the targets of
an image at random.
"""

import argparse
from collections import defaultdict

import numpy as np
import torch
from mmengine.config import DictAction
from mmengine.dataset import pseudo_collate
from mmengine.utils import track_iter_progress
from prettytable import PrettyTable
from torch import Tensor
from torch.nn import functional as F

from mmrrsis.analysis import build_dataset
from mmrrsis.apis import init_segmentor
from mmrrsis.datasets import expression_kind


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--split', choices=['val', 'test'], default='val', help='whose data to take')
    parser.add_argument('--device', help='torch device, such as cuda:0 (default: an accelerator if there is one)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='changes of the config, key=value')
    return parser.parse_args()


@torch.no_grad()
def main() -> None:
    """Predict a split and print the table."""
    args = parse_args()
    model = init_segmentor(args.config, args.checkpoint, args.device, args.cfg_options)
    dataset = build_dataset(model.cfg, args.split)
    targets: dict[str, dict[str, Tensor]] = defaultdict(dict)  # image -> target -> mask at input size
    predictions = []
    for index in track_iter_progress(range(len(dataset))):
        info = dataset.get_data_info(index)
        (sample,) = model.test_step(pseudo_collate([dataset[index]]))
        probability = sample.pred_mask.probability.cpu()
        truth = F.interpolate(sample.gt_mask.data[None].float(), probability.shape[-2:], mode='nearest')[0].bool()
        targets[info['img_path']][info['target_id']] = truth
        predictions.append((info, probability, sample.pred_mask.data.cpu()))
    scores = defaultdict(list)
    for info, probability, predicted in predictions:
        around = targets[info['img_path']]
        truth = around[info['target_id']]
        iou = ((predicted & truth).sum() / (predicted | truth).sum().clamp(min=1)).item()
        means = {target: probability[mask].mean().item() for target, mask in around.items()}
        preferred = max(means, key=means.get) == info['target_id']
        row = (iou, preferred, 1 / len(around)) if len(around) > 1 else (iou, np.nan, np.nan)
        scores[expression_kind(info['expressions'][0])].append(row)
        scores['all'].append(row)
    table = PrettyTable(('kind', 'samples', 'mIoU', 'target preferred %', 'by chance %'))
    table.align = 'r'
    for kind, rows in sorted(scores.items(), key=lambda item: -len(item[1])):
        table.add_row((kind, len(rows), *(f'{100 * value:.1f}' for value in np.nanmean(rows, axis=0))))
    print(table)


if __name__ == '__main__':
    main()
