# Copyright (c) mmrrsis contributors.
"""Loss and validation curves from what MMEngine logs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_DPI = 100


@dataclass
class TrainingHistory:
    """Scalars of one run.

    Attributes:
        loss: Training loss by iteration.
        metric: Validation metric by step: the epoch, or the iteration of a run without epochs.
    """

    loss: dict[int, float] = field(default_factory=dict)
    metric: dict[int, float] = field(default_factory=dict)


def read_history(work_dir: str | Path, metric: str = 'mIoU') -> TrainingHistory:
    """Read ``work_dir/*/vis_data/scalars.json``, one file for each time the run was started.

    A resumed run repeats the steps after its last checkpoint; the later start counts, so the files are read in the
    order of their time stamps.

    Args:
        work_dir: Working directory of one run.
        metric: Name of the validation metric.

    Returns:
        The history, steps in ascending order.

    Raises:
        FileNotFoundError: If the run logged nothing.
        ValueError: If a line of a log is broken (file and line are named), or the logs hold neither.
    """
    files = sorted(Path(work_dir).glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(
            f'{work_dir} holds no */vis_data/scalars.json. Is it the working directory of a training with '
            '`LocalVisBackend`?'
        )
    history = TrainingHistory()
    for file in files:
        for number, line in enumerate(file.read_text(encoding='utf-8').splitlines(), start=1):
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f'{file}, line {number} is no JSON: {error}') from error
            if 'loss' in record:
                history.loss[record['step']] = record['loss']
            if metric in record:
                # Step 0 is what LoggerHook(log_metric_by_epoch=True) notes in a loop by iterations: take the last one.
                history.metric[record['step'] or max(history.loss, default=0)] = record[metric]
    if not history.loss and not history.metric:
        raise ValueError(f'The logs under {work_dir} hold neither `loss` nor `{metric}`.')
    return TrainingHistory(dict(sorted(history.loss.items())), dict(sorted(history.metric.items())))


def draw_training_curves(runs: Mapping[str, str | Path], out_file: str | Path, metric: str = 'mIoU') -> Path:
    """Draw training loss and validation metric of one or several runs side by side.

    Args:
        runs: Working directory by the name that the legend shows.
        out_file: File to write; its folder is made. The suffix decides the format.
        metric: Name of the validation metric.

    Returns:
        ``out_file``.

    Raises:
        FileNotFoundError: If a run logged nothing.
        ValueError: If there is no run, or a log is broken.
    """
    if not runs:
        raise ValueError('Training curves need at least one run.')
    figure = Figure(figsize=(10, 3.8), dpi=_DPI, facecolor='white', layout='constrained')
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for name, work_dir in runs.items():
        history = read_history(work_dir, metric)
        for axis, values in ((left, history.loss), (right, history.metric)):
            # A marker keeps a curve of a single point visible.
            axis.plot(list(values), list(values.values()), label=name, marker='.', markersize=4, linewidth=1.2)
    left.set(title='training loss', xlabel='iteration')
    right.set(title=f'validation {metric}', xlabel='validation step (epoch, or iteration)')
    for axis in (left, right):
        axis.grid(alpha=0.3)
        if len(runs) > 1:
            axis.legend(fontsize=8)
    out_file = Path(out_file)
    out_file.parent.mkdir(parents=True, exist_ok=True)
    canvas.print_figure(out_file, dpi=_DPI)
    return out_file
