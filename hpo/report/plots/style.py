"""One look for every figure: sizes, colours that colour-blind readers can tell apart, how they are saved.

Figures are drawn on matplotlib's `Figure` alone (no pyplot, no global state). In the page they stand as
inline SVG whose colours are swapped for the page's own, so that they follow light and dark.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

INK = "#22303c"
MUTED = "#6b7884"
FAINT = "#d5dce2"
BLUE = "#0072b2"  # this and the next: Okabe and Ito 2008
ORANGE = "#d55e00"
GREEN = "#009e73"
SKY = "#56b4e9"

#: Colour of the figure -> variable of the page's style sheet
_PAGE_COLOURS = {
    INK: "ink",
    MUTED: "muted",
    FAINT: "line",
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
    SKY: "sky",
}
_RC: dict[Any, Any] = {
    "font.size": 9.5,
    "axes.titlesize": 9.5,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "hpo",
}
_WIDTH_INCHES = 4.9
_DPI = 150


@dataclass(frozen=True, eq=False)
class Plot:
    """A figure of the report."""

    name: str  #: file name without ending
    title: str
    alt: str  #: what it shows, for readers who cannot see it
    reading: str  #: how to read it, for those who see such a figure for the first time
    png: bytes
    svg: str  #: to be put inside an HTML page


@contextmanager
def drawing(name: str, title: str, alt: str, reading: str, made: list[Plot], height: float = 3.1) -> Iterator[Axes]:
    """Draws one figure on the axes given, and adds it to `made` when done.

    Args:
        name: File name without ending.
        title: Shown above the figure by the page, not inside it.
        alt: Text alternative.
        reading: How to read it; shown below the title.
        made: Takes the finished plot.
        height: Inches.
    """
    with mpl.rc_context(_RC):
        figure = Figure(figsize=(_WIDTH_INCHES, height))
        yield figure.add_subplot()
        # Once for both files: an engine that stays with the figure would have each draw it a second time.
        ConstrainedLayoutEngine().execute(figure)
        made.append(Plot(name, title, alt, reading, _png(figure), _svg(figure, name)))


def _png(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, facecolor="white")
    return buffer.getvalue()


def _svg(figure: Figure, name: str) -> str:
    buffer = StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    root_end = svg.index(">")
    root = re.sub(r'\s(?:xmlns(?::\w+)?|version|width|height)="[^"]*"', "", svg[:root_end])
    svg = root + svg[root_end:]
    # Several figures share a page: their ids must differ.
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    for colour, variable in _PAGE_COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg


def percent_axis(axes: Axes, which: str = "y") -> None:
    """Labels an axis of accuracies in percent."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(lambda value, _position: f"{value * 100:.3g} %")
