"""The plot of docs/honesty.md."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from honesty.judging import Judged, coverage, mean_error

COLOURS = {"test": "#8a97a3", "naive": "#d55e00", "corrected": "#0072b2"}


def draw(judged: Sequence[Judged], kinds: Sequence[str], plot: Path) -> None:
    """Errors study by study, and coverage by kind."""
    figure = Figure(figsize=(9.2, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _errors(left, judged)
    _coverages(right, [(kind, [one for one in judged if one.kind == kind]) for kind in kinds])
    figure.savefig(plot, dpi=110)


def _errors(axes: Axes, judged: Sequence[Judged]) -> None:
    bins = np.linspace(-6, 6, 49)
    for which, colour in COLOURS.items():
        errors = [100 * getattr(one, which) for one in judged]
        mean, _ = mean_error(judged, which)
        axes.hist(errors, bins, histtype="step", color=colour, lw=1.6, label=f"{which}: mean {mean:+.2f}")
        axes.axvline(mean, color=colour, lw=1, ls=":")
    axes.axvline(0, color="black", lw=0.8)
    axes.set(xlabel="estimate minus true accuracy, points", ylabel="studies")
    axes.legend(frameon=False, loc="upper right")


def _coverages(axes: Axes, parts: Sequence[tuple[str, list[Judged]]]) -> None:
    axes.axvspan(94, 96, color="#e8edf1")
    axes.axvline(95, color="black", lw=0.8)
    parts = [(name, some) for name, some in parts if some]
    for offset, which, name in ((-0.2, "naive", "naive"), (0, "cv", "corrected"), (0.2, "test", "test")):
        for place, (_, some) in enumerate(parts):
            share, chance = coverage(some, f"{which}_covers")
            at = {"color": COLOURS[name], "label": name if place == 0 else None}
            axes.plot([100 * chance.low, 100 * chance.high], [place + offset] * 2, color=COLOURS[name], lw=1.6)
            axes.plot(100 * share, place + offset, "o", ms=4, **at)
    axes.set_yticks(range(len(parts)), [f"{name} ({len(some)})" for name, some in parts])
    axes.invert_yaxis()
    axes.set(xlabel="95 % intervals that hold the truth, %")
    axes.legend(frameon=False)
