# Copyright (c) mmrrsis contributors.
"""Which expressions a model understands: mIoU, Pr@0.5, and how often it prefers the target to the others around it.

One table by the kind of the expression, one by the size of the target and one by its category.

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

#: Upper limits of sizes, in shares of the image, and their names.
SIZES = ((0.005, 'up to 0.5%'), (0.02, 'up to 2%'), (0.08, 'up to 8%'), (1.0, 'more'))


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
    tables: dict[str, dict[str, list]] = {name: defaultdict(list) for name in ('kind', 'size', 'category')}
    for info, probability, predicted in predictions:
        around = targets[info['img_path']]
        truth = around[info['target_id']]
        iou = ((predicted & truth).sum() / (predicted | truth).sum().clamp(min=1)).item()
        means = {target: probability[mask].mean().item() for target, mask in around.items()}
        preferred = max(means, key=means.get) == info['target_id']
        comparison = (preferred, 1 / len(around)) if len(around) > 1 else (np.nan, np.nan)
        row = (iou, iou >= 0.5, *comparison)
        share = truth.float().mean().item()
        tables['kind'][expression_kind(info['expressions'][0])].append(row)
        tables['size'][next(name for limit, name in SIZES if share <= limit)].append(row)
        tables['category'][info['category'] or 'none'].append(row)
        for scores in tables.values():
            scores['all'].append(row)
    for name, scores in tables.items():
        table = PrettyTable((name, 'samples', 'mIoU', 'Pr@0.5', 'target preferred %', 'by chance %'))
        table.align = 'r'
        for group, rows in sorted(scores.items(), key=lambda item: -len(item[1])):
            alone = np.isnan(np.array(rows, dtype=float)).all(axis=0)  # no other target beside any of these
            means = [
                np.nan if empty else np.nanmean(column)
                for column, empty in zip(np.array(rows, dtype=float).T, alone, strict=True)
            ]
            table.add_row((group, len(rows), *(f'{100 * value:.1f}' for value in means)))
        print(table)


if __name__ == '__main__':
    main()
