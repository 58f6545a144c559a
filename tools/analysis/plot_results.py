# Copyright (c) mmrrsis contributors.
"""Draw the figures of a paper from trained models and their metrics."""

import argparse
import difflib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.utils import track_iter_progress
from torch import nn

from mmrrsis.analysis import (
    LayerCounts,
    build_dataset,
    check_figure_suffix,
    draw_comparison_grid,
    draw_cost_bubbles,
    draw_layer_heatmap,
    draw_size_bars,
    join_table_costs,
    predict_samples,
    read_costs,
    read_size_scores,
    save_figure,
)
from mmrrsis.apis import init_segmentor
from mmrrsis.datasets import EXPRESSION_KINDS, expression_kind
from mmrrsis.engine import load_config
from mmrrsis.structures import ReferringTextBatch


def positive(text: str) -> int:
    """Read a whole number above 0."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{number} is not above 0')
    return number


def picture(text: str) -> Path:
    """Read the name of a picture; said at once, not after the samples were predicted."""
    try:
        check_figure_suffix(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return Path(text)


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest='command', required=True, metavar='FIGURE')
    figure = argparse.ArgumentParser(add_help=False)
    figure.add_argument('--out', type=picture, required=True, help='picture to write, such as figure.png or .pdf')
    figure.add_argument('--title', help='written above the figure (default: what it shows)')
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument('--split', choices=['val', 'test'], default='val', help='whose data to take (default: val)')
    data.add_argument('--device', help='torch device, such as cuda:0 (default: an accelerator if there is one)')
    data.add_argument('--cfg-options', nargs='+', action=DictAction, help='changes of the config, key=value')

    text = 'how often each layer of the image encoder is chosen, by kind of expression'
    command = commands.add_parser('layers', parents=[figure, data], help=text, description=f'Draw {text}.')
    command.add_argument('config', help='config file of a model whose neck chooses layers by a score, such as DFSM')
    command.add_argument('checkpoint', help='checkpoint file')
    command.add_argument('--samples', type=positive, help='number of samples, taken evenly (default: all)')
    command.set_defaults(run=run_layers)

    text = 'oIoU and mIoU by the size of the target'
    command = commands.add_parser('sizes', parents=[figure], help=text, description=f'Draw {text}.')
    command.add_argument('metrics', nargs='+', type=Path, help='files that `tools/test.py --out` wrote, one a model')
    command.add_argument('--labels', nargs='+', help='names of the models (default: names of the files)')
    command.set_defaults(run=run_sizes)

    text = 'predictions of several models side by side'
    command = commands.add_parser('grid', parents=[figure, data], help=text, description=f'Draw {text}.')
    command.add_argument(
        'models', nargs='+', metavar='CONFIG CHECKPOINT', help='config and checkpoint of each model, in pairs'
    )
    command.add_argument('--labels', nargs='+', help='names of the models (default: names of the configs)')
    command.add_argument('--ids', nargs='+', help='the samples, by their ids')
    command.add_argument('--samples', type=positive, help='number of samples (default: 6), drawn at random')
    command.add_argument('--seed', type=int, help='another seed draws other samples (default: 0)')
    command.add_argument(
        '--failures',
        action='store_true',
        help='take the samples with the lowest IoU of the last model, which predicts the whole split for it',
    )
    command.set_defaults(run=run_grid)

    text = 'accuracy against cost, one bubble a model'
    command = commands.add_parser('cost', parents=[figure], help=text, description=f'Draw {text}.')
    command.add_argument(
        'costs',
        type=Path,
        help='JSON list of {"name", "gmacs", "params_m", "score"}, with "fps" where measured; with --flops the '
        'TABLE.json of run_table.py',
    )
    command.add_argument('--flops', type=Path, help="costs of the table's configs, from get_flops.py --json")
    command.add_argument('--split', choices=['val', 'test'], default='val', help='with --flops (default: val)')
    command.add_argument('--metric', default='mIoU', help='with --flops: metric of the table (default: mIoU)')
    command.add_argument('--score', help='what the scores are, with unit (default: the metric, or "score (%%)")')
    command.set_defaults(run=run_cost)

    args = parser.parse_args(arguments)
    if args.command == 'grid':
        if len(args.models) % 2:
            parser.error(f'grid takes pairs of CONFIG and CHECKPOINT but got {len(args.models)} files.')
        if args.ids and (args.samples or args.failures or args.seed is not None):
            parser.error('--ids names the samples; leave out --samples, --seed and --failures.')
    return args


def read_config(path: str, options: dict | None) -> Config:
    """Read a config with the changes of the command line."""
    cfg = load_config(path)
    if options:
        cfg.merge_from_dict(options)
    return cfg


def data_name(dataset: BaseDataset, split: str) -> str:
    """Name the data for a title."""
    return f'{type(dataset).__name__.removesuffix("Dataset")} {split}'


def name_models(labels: list[str] | None, files: Sequence[Path]) -> list[str]:
    """Return the names that a figure shows: those given, else the names of the files.

    Raises:
        ValueError: If there is not one name per model, or two are equal.
    """
    names = labels or [Path(file).stem for file in files]
    if len(names) != len(files):
        raise ValueError(f'There are {len(names)} --labels for {len(files)} models. Give one label per model.')
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'Several models are called {twice[0]!r}. Give each a name of its own with --labels.')
    return names


def count_layers(model: nn.Module, dataset: BaseDataset, indices: Sequence[int]) -> LayerCounts:
    """Count the layers that a model's neck chooses, by kind of expression.

    Raises:
        ValueError: If the neck has no layer selection, or one that does not score its candidates.
    """
    neck = getattr(model, 'neck', None)
    selection = getattr(neck, 'layer_selection', None)
    if selection is None:
        raise ValueError(
            f'The neck of the model, {type(neck).__name__}, has no part `layer_selection`. Give a model that chooses '
            'layers, such as CD2FSAN with DFSM.'
        )
    choices = []
    for index in track_iter_progress([int(index) for index in indices]):
        batch = model.data_preprocessor(pseudo_collate([dataset[index]]), False)
        (sample,) = batch['data_samples']
        chosen = selection(model.encoder(batch['inputs'], ReferringTextBatch.stack([sample.text])))
        if chosen.scores is None:
            raise ValueError(
                f'`model.neck.layer_selection`, {type(selection).__name__}, takes the same layers for every '
                'expression; there is nothing to count. Give a model that scores its candidates, such as DFSM.'
            )
        # The last column is the encoder's last layer, which is always taken.
        choices.append((expression_kind(sample.text.raw), chosen.layers[0, :-1].tolist()))
    counts = LayerCounts(tuple(selection.candidate_layers))
    for kind, layers in sorted(choices, key=lambda choice: EXPRESSION_KINDS.index(choice[0])):
        counts.add(kind, layers)
    return counts


def run_layers(args: argparse.Namespace) -> None:
    """Draw the layers by kind of expression and write the counts beside the picture."""
    cfg = read_config(args.config, args.cfg_options)
    model = init_segmentor(cfg, args.checkpoint, args.device)
    dataset = build_dataset(cfg, args.split)
    number = min(args.samples or len(dataset), len(dataset))
    indices = np.unique(np.linspace(0, len(dataset) - 1, number).round().astype(int))
    counts = count_layers(model, dataset, indices)
    each = sum(map(sum, counts.chosen.values())) // sum(counts.samples.values())
    name = type(model.neck.layer_selection).__name__
    title = args.title or f'Layers that {name} chooses ({each} per sample)\n{data_name(dataset, args.split)}'
    print(save_figure(draw_layer_heatmap(counts, title), args.out))
    content = dict(config=args.config, checkpoint=args.checkpoint, split=args.split, **counts.to_dict())
    out_json = args.out.with_suffix('.json')
    out_json.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
    print(out_json)


def run_sizes(args: argparse.Namespace) -> None:
    """Draw the scores by size."""
    names = name_models(args.labels, args.metrics)
    models = {name: read_size_scores(file) for name, file in zip(names, args.metrics, strict=True)}
    print(save_figure(draw_size_bars(models, args.title or 'Scores by the size of the target'), args.out))


def choose_samples(ids: Sequence[str], number: int, seed: int, ious: Sequence[float] | None = None) -> list[str]:
    """Choose samples at random, or those with the lowest IoU; of equal ones, which is left to chance.

    Args:
        ids: The ids of the split.
        number: How many to choose; all if there are fewer.
        seed: Seed of the choice.
        ious: The IoU of each sample; None chooses at random.

    Returns:
        Ids, in the order of the split or with the lowest IoU first.
    """
    lot = np.random.default_rng(seed).random(len(ids))
    if ious is not None:
        return [ids[index] for index in np.lexsort((lot, ious))[:number]]
    return [ids[index] for index in np.sort(np.argsort(lot)[:number])]


def sample_indices(dataset: BaseDataset) -> dict[str, int]:
    """Return the place of each sample by its id."""
    return {dataset.get_data_info(index)['sample_id']: index for index in range(len(dataset))}


def find_samples(places: dict[str, int], ids: Sequence[str], config: str) -> list[int]:
    """Return the places of samples.

    Raises:
        ValueError: If the data of the config has no such sample.
    """
    for name in ids:
        if name not in places:
            near = difflib.get_close_matches(name, places, n=3, cutoff=0)
            raise ValueError(
                f'The data of {config} has no sample {name!r} in this split. Its ids look like {", ".join(near)}.'
            )
    return [places[name] for name in ids]


def run_grid(args: argparse.Namespace) -> None:
    """Draw predictions side by side. One model is in memory at a time."""
    pairs = list(zip(args.models[::2], args.models[1::2], strict=True))
    names = name_models(args.labels, [Path(config) for config, _ in pairs])
    configs = [read_config(config, args.cfg_options) for config, _ in pairs]
    datasets = [build_dataset(cfg, args.split) for cfg in configs]
    places = [sample_indices(dataset) for dataset in datasets]
    title = 'Predictions'
    if args.ids:
        ids = args.ids
    else:
        ious = None
        if args.failures:
            model = init_segmentor(configs[-1], pairs[-1][1], args.device)
            ious = [row.iou for row in predict_samples(model, datasets[-1], places[-1].values())]
            title = f'Samples with the lowest IoU of {names[-1]}'
        ids = choose_samples(list(places[-1]), args.samples or 6, args.seed or 0, ious)
    chosen = [find_samples(place, ids, config) for place, (config, _) in zip(places, pairs, strict=True)]
    columns = []
    for cfg, (_, checkpoint), dataset, indices in zip(configs, pairs, datasets, chosen, strict=True):
        columns.append(list(predict_samples(init_segmentor(cfg, checkpoint, args.device), dataset, indices)))
    rows = list(zip(*columns, strict=True))
    title = args.title or f'{title}, {data_name(datasets[0], args.split)}'
    print(save_figure(draw_comparison_grid(rows, names, title), args.out))


def run_cost(args: argparse.Namespace) -> None:
    """Draw accuracy against cost."""
    title = args.title or 'Accuracy against cost (bubble area: parameters)'
    if args.flops is None:
        entries, score = read_costs(args.costs), 'score (%)'
    else:
        entries = join_table_costs(args.costs, args.flops, args.split, args.metric)
        score = f'{args.metric} on {args.split} (%)'
    print(save_figure(draw_cost_bubbles(entries, title, args.score or score), args.out))


@torch.no_grad()
def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the figure that the command line asks for."""
    args = parse_args(arguments)
    args.run(args)


if __name__ == '__main__':
    main()
