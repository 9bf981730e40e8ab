"""Cross-validation against test, with the baselines beneath: the figure of the first screen."""

import numpy as np
from matplotlib.axes import Axes

from hpo.evaluation.intervals import Interval
from hpo.report.plots.style import BLUE, INK, MUTED, ORANGE, SKY, Plot, drawing, percent_axis
from hpo.report.rivals import Rival
from hpo.report.statistics import Answer
from hpo.report.words.names import RIVALS

_ROW_INCHES = 0.36


def draw(answer: Answer, made: list[Plot]) -> None:
    """Draw the figure."""
    rows = 2 + (answer.test is not None) + len(_shown(answer))
    alt = (
        "Accuracy of the chosen trial in cross-validation (a point for each fold), corrected for selection, and on the "
        "test set, with 95 % intervals; below, each baseline in cross-validation (hollow) and on the test set (filled)."
    )
    reading = (
        f"Small dots: the {len(answer.cv.fold_accuracies)} folds of cross-validation, each judged by a network that "
        "did not train on it. Corrected: without what choosing the best of many flatters. Bars: 95 % intervals. "
        "Diamonds: other methods, hollow in cross-validation, filled on the test set; those far below are left to the "
        "table."
    )
    title = "Cross-validation against test"
    with drawing("cv_against_test", title, alt, reading, made, 1.0 + rows * _ROW_INCHES) as axes:
        labels = _winner_rows(axes, answer)
        for rival in _shown(answer):
            y = len(labels)
            axes.plot(rival.cv, y, "D", mfc="none", mec=MUTED, ms=6)
            if rival.test is not None:
                axes.plot(rival.test, y, "D", color=MUTED, ms=6)
            labels.append(RIVALS[rival.name].short)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        percent_axis(axes, "x")
        axes.set_xlabel("accuracy   (◇ cross-validation   ◆ test)")


def _shown(answer: Answer) -> list[Rival]:
    """Leave out rivals so far off that they would squeeze the rest (the table has them)."""
    lowest = min([*answer.cv.fold_accuracies, answer.cv.corrected.interval.low])
    return [rival for rival in answer.rivals if rival.cv > lowest - 0.15]


def _winner_rows(axes: Axes, answer: Answer) -> list[str]:
    cv = answer.cv
    heights = np.linspace(-0.22, 0.22, len(cv.fold_accuracies))  # so that equal folds do not hide each other
    axes.plot(cv.fold_accuracies, heights, "o", color=SKY, ms=5)
    axes.plot(cv.mean, 0, "|", color=INK, ms=17, mew=2)
    _interval(axes, 1, cv.corrected.corrected_mean, cv.corrected.interval, BLUE)
    labels = [f"CV, {len(cv.fold_accuracies)} folds", "CV, corrected"]
    if answer.test is not None:
        accuracy = answer.test.measured.rates.accuracy
        _interval(axes, 2, accuracy, answer.test.interval, ORANGE)
        axes.axvline(accuracy, color=ORANGE, lw=0.8, alpha=0.5, zorder=0)
        labels.append("Test")
    return labels


def _interval(axes: Axes, y: int, value: float, interval: Interval, colour: str) -> None:
    axes.plot([interval.low, interval.high], [y, y], color=colour, lw=2.6, solid_capstyle="round")
    axes.plot(value, y, "o", color=colour, ms=8)
