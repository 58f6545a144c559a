# Copyright (c) mmrrsis contributors.
"""What the figures of a paper share: colours, font sizes, how they are saved."""

from pathlib import Path
from typing import Literal

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

#: The colours of Okabe and Ito (Color Universal Design, 2008), which colour-blind readers tell apart; without yellow,
#: which is lost on white.
PALETTE = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#4D4D4D')

#: Decorator of functions that draw. Charts are 5 to 6 inches wide: shrunk to a column of 3.5 inches, their smallest
#: text still has 5 to 6 points.
paper_style = rc_context(
    {
        'font.size': 10,
        'axes.titlesize': 11,
        'axes.labelsize': 10,
        'xtick.labelsize': 9.5,
        'ytick.labelsize': 9.5,
        'legend.fontsize': 9.5,
        'axes.axisbelow': True,
        'axes.spines.top': False,
        'axes.spines.right': False,
        'grid.alpha': 0.35,
        'grid.linewidth': 0.6,
        'text.parse_math': False,  # names of models and expressions may hold `$`
    }
)

_DPI = 300


def new_figure(width: float, height: float, layout: Literal['constrained'] | None = 'constrained') -> Figure:
    """Return an empty white figure that needs no display.

    Args:
        width: Inches.
        height: Inches.
        layout: Matplotlib's layout engine; None where positions are given by hand.
    """
    figure = Figure(figsize=(width, height), facecolor='white', layout=layout)
    FigureCanvasAgg(figure)  # the figure keeps it; text can then be measured
    return figure


def save_figure(figure: Figure, out_file: str | Path) -> Path:
    """Save a figure; the suffix of the file decides the format, its folder is made.

    Args:
        figure: The figure.
        out_file: File to write, for example ``.png`` (300 dots per inch) or ``.pdf``.

    Returns:
        ``out_file``.

    Raises:
        ValueError: If Matplotlib does not write the format.
    """
    out_file = Path(out_file)
    check_figure_suffix(out_file)
    out_file.parent.mkdir(parents=True, exist_ok=True)
    with rc_context({'pdf.fonttype': 42}):  # text as TrueType fonts, as publishers ask for
        figure.savefig(out_file, dpi=_DPI)
    return out_file


def check_figure_suffix(out_file: str | Path) -> None:
    """Check that Matplotlib writes files with this suffix.

    Raises:
        ValueError: If not; the suffixes are listed.
    """
    suffixes = sorted(FigureCanvasAgg.get_supported_filetypes())
    if Path(out_file).suffix.lower().removeprefix('.') not in suffixes:
        raise ValueError(f"'{out_file}' has no suffix of a picture. Choose one of .{', .'.join(suffixes)}.")
