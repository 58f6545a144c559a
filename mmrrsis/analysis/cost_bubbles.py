# Copyright (c) mmrrsis contributors.
"""Accuracy against cost: one bubble a model (CD2FSAN, Figure 9)."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from .costs import CostEntry
from .paper_figure import PALETTE, new_figure, paper_style

_LARGEST_POINTS = 28  # diameter of the largest bubble
# Where a label may stand, seen from its bubble, best first: direction (x, y) and distance from its rim in points.
# Those that stand off have a line to their bubble.
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
_PLACES = [(x, y, distance) for distance in (2, 12, 24) for x, y in _DIRECTIONS]


def _legend_sizes(largest: float) -> list[float]:
    """Return up to three round numbers of parameters up to the largest, smallest first."""
    power = math.floor(math.log10(largest))
    rounds = [digit * 10.0**exponent for exponent in (power - 1, power) for digit in (1, 2, 5)]
    return [value for value in rounds if value <= largest][-3:]


def _place_labels(figure: Figure, axis: Axes, entries: Sequence[CostEntry], diameters: Sequence[float]) -> None:
    """Write the label of each bubble where it covers least of the other labels and bubbles.

    Greedy, crowded bubbles first: a label takes the first of the places around its bubble that is free, else the one
    with the smallest overlap.
    """
    figure.draw_without_rendering()  # the layout must be final before places are compared
    figure.set_layout_engine('none')
    renderer = FigureCanvasAgg(figure).get_renderer()
    centers = axis.transData.transform([(entry.gmacs, entry.score) for entry in entries])
    # The square around a circle has empty corners: one of 85% stands for it.
    radii = 0.85 * np.array(diameters) / 2 * figure.dpi / 72
    bubbles = [Bbox([center - radius, center + radius]) for center, radius in zip(centers, radii, strict=True)]
    distances = np.linalg.norm(centers[:, None] - centers[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    inside = axis.get_window_extent(renderer)
    labels: list[Bbox] = []

    def covered(box: Bbox) -> float:
        # Words on words or cut off cannot be read; words on a bubble can.
        lost = box.width * box.height - _overlap(box, inside) + sum(_overlap(box, other) for other in labels)
        return 10 * lost + sum(_overlap(box, bubble) for bubble in bubbles)

    for index in np.argsort(distances.min(axis=1), kind='stable'):
        candidates = [_label(axis, entries[index], diameters[index] / 2, *place) for place in _PLACES]
        for candidate in candidates:
            candidate.update_positions(renderer)
        boxes = [Text.get_window_extent(candidate, renderer) for candidate in candidates]  # without the line
        best = int(np.argmin([covered(box) for box in boxes]))  # the first of equal ones
        labels.append(boxes[best])
        for place, candidate in enumerate(candidates):
            if place != best:
                candidate.remove()


def _label(axis: Axes, entry: CostEntry, radius: float, x: int, y: int, distance: float) -> Annotation:
    """Write the label of a bubble of ``radius`` points in direction ``(x, y)``, ``distance`` points off its rim."""
    text = entry.name if entry.fps is None else f'{entry.name}\n{entry.fps:.1f} FPS'
    reach = (radius + distance) / math.hypot(x, y)
    return axis.annotate(
        text,
        (entry.gmacs, entry.score),
        (x * reach, y * reach),
        textcoords='offset points',
        ha={1: 'left', 0: 'center', -1: 'right'}[x],
        va={1: 'bottom', 0: 'center', -1: 'top'}[y],
        fontsize=9,
        linespacing=1.05,
        zorder=4,
        arrowprops=dict(arrowstyle='-', linewidth=0.6, shrinkA=0, shrinkB=radius) if distance > 2 else None,
    )


def _overlap(first: Bbox, second: Bbox) -> float:
    """Return the common area of two boxes in square pixels."""
    common = Bbox.intersection(first, second)
    return 0.0 if common is None else common.width * common.height


@paper_style
def draw_cost_bubbles(entries: Sequence[CostEntry], title: str, score_label: str = 'score (%)') -> Figure:
    """Draw multiply-adds across, the score up, and the parameters as the area of the bubble.

    Args:
        entries: The models, at least one.
        title: Written above.
        score_label: What the scores are, with their unit.

    Returns:
        The figure; one scatter collection with a bubble per entry, in order, and one annotation per entry.

    Raises:
        ValueError: If there is no entry.
    """
    if not entries:
        raise ValueError('A chart of costs needs at least one model.')
    figure = new_figure(5, 4.1)
    axis = figure.subplots()
    largest = max(entry.params_m for entry in entries)
    diameters = [_LARGEST_POINTS * math.sqrt(entry.params_m / largest) for entry in entries]
    # The unit of `s` is the square of the diameter in points, so that it is proportional to the area.
    axis.scatter(
        [entry.gmacs for entry in entries],
        [entry.score for entry in entries],
        s=[diameter**2 for diameter in diameters],
        c=[PALETTE[index % len(PALETTE)] for index in range(len(entries))],
        alpha=0.75,
        edgecolors='black',
        linewidths=0.6,
        zorder=3,
    )
    # Room for bubbles and labels: 25% on each side, and where all values are equal a range around them.
    for values, setter in (
        ([entry.gmacs for entry in entries], axis.set_xlim),
        ([entry.score for entry in entries], axis.set_ylim),
    ):
        spread = max(values) - min(values) or 0.2 * abs(max(values)) or 1.0
        setter(min(values) - 0.25 * spread, max(values) + 0.25 * spread)
    left, right = axis.get_xlim()
    axis.set_xticks([tick for tick in axis.get_xticks() if max(0, left) <= tick <= right])  # no cost is negative
    axis.set(xlabel='multiply-adds per sample (G)', ylabel=score_label)
    axis.grid()
    figure.suptitle(title, fontsize=11)
    handles = [
        Line2D([], [], linestyle='', marker='o', markersize=_LARGEST_POINTS * math.sqrt(value / largest),
               markerfacecolor='0.8', markeredgecolor='black', markeredgewidth=0.6, label=f'{value:g} M')
        for value in _legend_sizes(largest)
    ]  # fmt: skip
    figure.legend(
        handles=[Line2D([], [], linestyle='', label='parameters:'), *handles],
        loc='outside lower center',
        ncols=1 + len(handles),
        frameon=False,
        handlelength=_LARGEST_POINTS / 9.5,  # in the unit of the legend, its font size
        handletextpad=0.5,
        columnspacing=1.2,
        borderpad=1.2,  # bubbles are higher than the line of text that the legend reckons with
    )
    _place_labels(figure, axis, entries, diameters)
    return figure
