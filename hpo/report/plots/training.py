"""Accuracy and loss by epoch: the folds of the chosen trial, their mean, and the final model."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from hpo.report.evidence import Evidence
from hpo.report.plots.style import BLUE, GREEN, MUTED, ORANGE, Plot, drawing, percent_axis
from model.epochs import Curves

_Pick = Callable[[Curves], Sequence[float]]


def draw(evidence: Evidence, made: list[Plot]) -> None:
    """Draws both figures."""
    alt = "Each fold as a thin line, their mean as a thick one, the final model, and the chosen epoch."
    reading = (
        "An epoch is one pass over the training genes. Blue: genes that were held out. Where green rises while blue "
        "falls, the network learns its training genes by heart."
    )
    with drawing("accuracy_by_epoch", "Accuracy by epoch", f"Accuracy by epoch. {alt}", reading, made) as axes:
        _lines(axes, evidence, lambda c: c.validation_accuracy, lambda c: c.train_accuracy)
        percent_axis(axes)
        axes.legend(loc="lower right")
    reading = (
        "The loss punishes confident mistakes most; lower is better. The vertical line is where the held-out loss was "
        "lowest: the final model was trained up to there."
    )
    with drawing("loss_by_epoch", "Loss by epoch", f"Loss by epoch. {alt}", reading, made) as axes:
        _lines(axes, evidence, lambda c: c.validation_loss, lambda c: c.train_loss)
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper right")


def _lines(axes: Axes, evidence: Evidence, validation: _Pick, training: _Pick) -> None:
    folds, final = evidence.chosen.fold_curves, evidence.final.curves
    for number, curves in enumerate(folds):
        _line(axes, validation(curves), color=BLUE, lw=0.8, alpha=0.45, label=None if number else "folds, held out")
    _line(axes, _mean([validation(curves) for curves in folds]), color=BLUE, lw=2.2, label="their mean")
    mean_training = _mean([training(curves) for curves in folds])
    _line(axes, mean_training, color=GREEN, lw=1.3, ls=":", label="mean, training rows")
    _line(axes, training(final), color=ORANGE, lw=1.5, ls="--", label="final model, training rows")
    axes.axvline(evidence.chosen.chosen_epoch, color=MUTED, lw=1, zorder=0)
    axes.annotate(
        f" epoch {evidence.chosen.chosen_epoch}",
        (evidence.chosen.chosen_epoch, 1.0),
        xycoords=("data", "axes fraction"),
        va="bottom",
        ha="center",
        color=MUTED,
    )
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _line(axes: Axes, values: Sequence[float], **look: Any) -> None:
    if len(values):
        marker = "o" if len(values) == 1 else None
        axes.plot(np.arange(1, len(values) + 1), values, marker=marker, **look)


def _mean(curves: Sequence[Sequence[float]]) -> Sequence[float]:
    """Returns the mean over the epochs that all folds ran."""
    shortest = min((len(curve) for curve in curves), default=0)
    return [float(np.mean([curve[epoch] for curve in curves])) for epoch in range(shortest)]
