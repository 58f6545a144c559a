# Copyright (c) mmrrsis contributors.
"""Which layers of the image encoder a model chooses for which kind of expression (CD2FSAN, Figure 3)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure

from .paper_figure import new_figure, paper_style

_ROW_INCHES = 0.36
_COLUMN_INCHES = 0.36


@dataclass
class LayerCounts:
    """How often each candidate layer was chosen.

    Attributes:
        candidate_layers: ``M`` layers, counted from 1, in the order of the columns.
        samples: Number of samples by kind of expression.
        chosen: By kind, how many of its samples chose each of the ``M`` layers.
    """

    candidate_layers: tuple[int, ...]
    samples: dict[str, int] = field(default_factory=dict)
    chosen: dict[str, list[int]] = field(default_factory=dict)

    def add(self, kind: str, layers: Iterable[int]) -> None:
        """Count one sample.

        Args:
            kind: The kind of its expression.
            layers: The different layers it chose.

        Raises:
            ValueError: If a layer is no candidate.
        """
        layers = list(layers)
        unknown = [layer for layer in layers if layer not in self.candidate_layers]
        if unknown:
            raise ValueError(f'Layer {unknown[0]} was chosen but is not among the candidates {self.candidate_layers}.')
        self.samples[kind] = self.samples.get(kind, 0) + 1
        row = self.chosen.setdefault(kind, [0] * len(self.candidate_layers))
        for layer in layers:
            row[self.candidate_layers.index(layer)] += 1

    def to_dict(self) -> dict:
        """Return plain containers: the candidates, and by kind the samples and the count of each layer."""
        kinds = {
            kind: dict(
                samples=number, layers=dict(zip(map(str, self.candidate_layers), self.chosen[kind], strict=True))
            )
            for kind, number in self.samples.items()
        }
        return dict(candidate_layers=list(self.candidate_layers), samples=sum(self.samples.values()), kinds=kinds)


@paper_style
def draw_layer_heatmap(counts: LayerCounts, title: str) -> Figure:
    """Draw the share of samples that choose a layer: kinds of expressions down, candidate layers across.

    Args:
        counts: What to draw; the rows have the order of its kinds.
        title: Written above.

    Returns:
        The figure. The last row holds all samples.

    Raises:
        ValueError: If nothing was counted.
    """
    if not counts.samples:
        raise ValueError('There is nothing to draw: no sample was counted.')
    rows = list(counts.samples)
    numbers = np.array([counts.samples[kind] for kind in rows])
    chosen = np.array([counts.chosen[kind] for kind in rows])  # (kinds, M)
    numbers, chosen = np.append(numbers, numbers.sum()), np.vstack((chosen, chosen.sum(axis=0)))
    shares = 100 * chosen / numbers[:, None]

    height = 1.25 + _ROW_INCHES * len(numbers)
    figure = new_figure(3.0 + _COLUMN_INCHES * len(counts.candidate_layers), height)
    axis = figure.subplots()
    image = axis.imshow(shares, cmap='Blues', vmin=0, vmax=100, aspect='auto')
    for (row, column), share in np.ndenumerate(shares):
        color = 'white' if share > 62 else 'black'
        axis.text(column, row, f'{share:.0f}', ha='center', va='center', color=color, fontsize=9.5)
    axis.set_xticks(range(len(counts.candidate_layers)), [str(layer) for layer in counts.candidate_layers])
    labels = [f'{kind}  (n = {number})' for kind, number in zip([*rows, 'all'], numbers, strict=True)]
    axis.set_yticks(range(len(labels)), labels)
    axis.get_yticklabels()[-1].set_fontweight('bold')
    # White lines between the cells, a wide one above the row of all samples.
    axis.set_xticks(np.arange(0.5, shares.shape[1] - 1), minor=True)
    axis.set_yticks(np.arange(0.5, shares.shape[0] - 1), minor=True)
    axis.grid(which='minor', color='white', linewidth=1, alpha=1)
    axis.axhline(shares.shape[0] - 1.5, color='white', linewidth=5)
    axis.tick_params(which='both', length=0)
    axis.spines[:].set_visible(False)
    axis.set(xlabel='layer of the image encoder', ylabel='kind of expression')
    figure.suptitle(title, fontsize=11)
    figure.colorbar(image, ax=axis, label='samples that choose it (%)', ticks=[0, 50, 100], pad=0.02).outline.set(
        visible=False
    )
    return figure
