"""Cross-validation against test, with the baselines beneath: the figure of the first screen."""

import numpy as np
from matplotlib.axes import Axes

from hpo.evaluation.intervals import Interval
from hpo.report.baseline_comparison import ComparedBaseline
from hpo.report.plots.style import BLUE, INK, MUTED, ORANGE, SKY, Plot, drawing, percent_axis
from hpo.report.statistics import Statistics
from hpo.report.words.names import short_name

_ROW_INCHES = 0.36


def draw(statistics: Statistics, made: list[Plot]) -> None:
    """Draws the figure."""
    rows = 2 + (statistics.test is not None) + len(_shown(statistics))
    alt = (
        "Accuracy of the chosen trial in cross-validation (a point for each fold), corrected for selection, and on the "
        "test set, with 95 % intervals; below, each baseline in cross-validation (hollow) and on the test set (filled)."
    )
    reading = (
        f"Small dots: the {len(statistics.cv.fold_accuracies)} folds of cross-validation, each judged by a network "
        "that did not train on it. Corrected: without what choosing the best of many flatters. Bars: 95 % intervals. "
        "Diamonds: other methods, hollow in cross-validation, filled on the test set; those far below are left to the "
        "table."
    )
    title = "Cross-validation against test"
    with drawing("cv_against_test", title, alt, reading, made, 1.0 + rows * _ROW_INCHES) as axes:
        labels = _chosen_rows(axes, statistics)
        for baseline in _shown(statistics):
            y = len(labels)
            axes.plot(baseline.cv, y, "D", mfc="none", mec=MUTED, ms=6)
            if baseline.test is not None:
                axes.plot(baseline.test, y, "D", color=MUTED, ms=6)
            labels.append(short_name(baseline.name, baseline.on_one_fold))
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        percent_axis(axes, "x")
        axes.set_xlabel("accuracy   (◇ cross-validation   ◆ test)")


def _shown(statistics: Statistics) -> list[ComparedBaseline]:
    """Leaves out baselines so far off that they would squeeze the rest (the table has them)."""
    lowest = min([*statistics.cv.fold_accuracies, statistics.cv.corrected.interval.low])
    return [baseline for baseline in statistics.baselines if baseline.cv > lowest - 0.15]


def _chosen_rows(axes: Axes, statistics: Statistics) -> list[str]:
    cv = statistics.cv
    heights = np.linspace(-0.22, 0.22, len(cv.fold_accuracies))  # so that equal folds do not hide each other
    axes.plot(cv.fold_accuracies, heights, "o", color=SKY, ms=5)
    axes.plot(cv.mean, 0, "|", color=INK, ms=17, mew=2)
    _interval(axes, 1, cv.corrected.corrected_mean, cv.corrected.interval, BLUE)
    labels = [f"CV, {len(cv.fold_accuracies)} folds", "CV, corrected"]
    if statistics.test is not None:
        accuracy = statistics.test.measured.rates.accuracy
        _interval(axes, 2, accuracy, statistics.test.interval, ORANGE)
        axes.axvline(accuracy, color=ORANGE, lw=0.8, alpha=0.5, zorder=0)
        labels.append("Test")
    return labels


def _interval(axes: Axes, y: int, value: float, interval: Interval, colour: str) -> None:
    axes.plot([interval.low, interval.high], [y, y], color=colour, lw=2.6, solid_capstyle="round")
    axes.plot(value, y, "o", color=colour, ms=8)
