# Copyright (c) mmrrsis contributors.
"""oIoU and mIoU by the size of the target (CD2FSAN, Figure 5)."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mmrrsis.evaluation.metrics.referring_iou import SIZE_BINS

from .paper_figure import PALETTE, new_figure, paper_style
from .read_json import read_json

_SCORES = ('oIoU', 'mIoU')
_SIZES = tuple(size for size, _ in SIZE_BINS)


def read_size_scores(path: str | Path) -> dict[str, dict[str, float]]:
    """Read the scores of the size bins from the metrics that ``tools/test.py --out`` writes.

    Args:
        path: The JSON file.

    Returns:
        ``oIoU`` and ``mIoU`` in percent, each by size. A bin without samples has no entry, as in the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no such JSON, has no score by size, or one score of a bin but not the other.
    """
    metrics = read_json(path, 'the metrics that `tools/test.py --out` writes')
    keys = {size: [f'{score}_{size}' for score in _SCORES] for size in _SIZES}
    every = [key for pair in keys.values() for key in pair]
    if not isinstance(metrics, dict) or not any(key in metrics for key in every):
        raise ValueError(
            f'{path} has none of the keys {", ".join(every)}. Give the metrics that `tools/test.py --out` writes with '
            '`ReferringIoU(per_size=True)`.'
        )
    scores: dict[str, dict[str, float]] = {score: {} for score in _SCORES}
    for size, pair in keys.items():
        if not any(key in metrics for key in pair):
            continue  # ReferringIoU leaves out bins without samples
        for score, key in zip(_SCORES, pair, strict=True):
            value = metrics.get(key)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:
                found = f'is {value!r}' if key in metrics else 'is missing'
                raise ValueError(f'{path}: the key `{key}` {found}; expected a score in percent, from 0 to 100.')
            scores[score][size] = float(value)
    return scores


def _size_label(index: int) -> str:
    """Name a size bin with its limits."""
    size, upper = SIZE_BINS[index]
    if index == 0:
        return f'{size}\n(up to {100 * upper:.0f}%)'
    lower = SIZE_BINS[index - 1][1]
    if math.isinf(upper):
        return f'{size}\n(above {100 * lower:.0f}%)'
    return f'{size}\n({100 * lower:.0f}% to {100 * upper:.0f}%)'


@paper_style
def draw_size_bars(models: Mapping[str, Mapping[str, Mapping[str, float]]], title: str) -> Figure:
    """Draw grouped bars, oIoU above and mIoU below; a group is a size, a bar a model.

    Args:
        models: By the name that the legend shows, the scores of :func:`read_size_scores`.
        title: Written above.

    Returns:
        The figure; its two axes hold one bar container per model, with a bar of height 0 and the words "no samples"
        where a model has no score.

    Raises:
        ValueError: If there is no model, or there are more than the palette has colours.
    """
    if not 1 <= len(models) <= len(PALETTE):
        raise ValueError(f'{len(models)} models cannot be told apart in one chart. Give 1 to {len(PALETTE)}.')
    figure = new_figure(5, 4.9)
    axes = figure.subplots(len(_SCORES), 1, sharex=True)
    width = 0.84 / len(models)
    top = max(1.0, *(value for scores in models.values() for values in scores.values() for value in values.values()))
    # The numbers on the bars stand upright where many bars leave no room for them side by side.
    rotation = 90 if len(models) > 3 else 0
    for axis, score in zip(axes, _SCORES, strict=True):
        for index, (name, scores) in enumerate(models.items()):
            places = np.arange(len(_SIZES)) + (index - (len(models) - 1) / 2) * width
            heights = [scores[score].get(size, 0.0) for size in _SIZES]
            bars = axis.bar(places, heights, 0.94 * width, color=PALETTE[index], label=name)
            numbers = [f'{scores[score][size]:.1f}' if size in scores[score] else '' for size in _SIZES]
            axis.bar_label(bars, numbers, padding=2, fontsize=8.5, rotation=rotation)
            for place, size in zip(places, _SIZES, strict=True):
                missing = all(size not in other[score] for other in models.values())
                if size not in scores[score] and (index == 0 or not missing):
                    # One note for a group that is empty in all models, else one in the place of each bar.
                    x = _SIZES.index(size) if missing else place
                    axis.text(x, 0.02 * top, 'no samples', ha='center', va='bottom', fontsize=8.5,
                              rotation=0 if missing else 90, color='0.35')  # fmt: skip
        axis.set(ylabel=f'{score} (%)', ylim=(0, top * (1.3 if rotation else 1.18)), xlim=(-0.55, len(_SIZES) - 0.45))
        axis.grid(axis='y')
        axis.tick_params(axis='x', length=0)
    axes[-1].set_xticks(range(len(_SIZES)), [_size_label(index) for index in range(len(_SIZES))])
    axes[-1].set_xlabel('size of the target (share of the image)')
    figure.suptitle(title, fontsize=11)
    if len(models) > 1:
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc='outside lower center', ncols=min(3, len(models)), frameon=False)
    return figure
