"""Figures of a classifier on labelled rows: confusion, rates, curves with areas, calibration, slices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from hpo.evaluation.calls import called_resistant
from hpo.evaluation.intervals import Interval, accuracy_interval

_FLOOR = 1e-7  # keeps the log loss of a confident mistake finite (the epsilon of Keras)
_CALIBRATION_BINS = 10
_ROWS_PER_BIN = 15


@dataclass(frozen=True, eq=False)
class Curve:
    """Points of a curve, and the area under it."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    area: float


@dataclass(frozen=True)
class Rates:
    """Confusion matrix and what follows from it; a rate is None where no row could count for it."""

    confusion: tuple[tuple[int, int], tuple[int, int]]  #: ((tn, fp), (fn, tp)), positive is resistant
    accuracy: float
    sensitivity: float | None
    specificity: float | None
    balanced_accuracy: float
    mcc: float


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything measured on one set of rows; curves are None where only one class is there."""

    n: int
    rates: Rates
    log_loss: float
    brier: float
    roc: Curve | None  #: x false positive rate, y true positive rate
    precision_recall: Curve | None  #: x recall, y precision; area is the average precision
    calibration: Curve  #: x mean predicted, y observed share, in bins of equal size; area is unused and 0


@dataclass(frozen=True)
class Slice:
    """Accuracy on a part of the rows."""

    name: str
    n: int
    accuracy: float
    interval: Interval


def measure(labels: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> Measured:
    """Measures predictions.

    Args:
        labels: [N], True is resistant; at least one row.
        probabilities: [N], P(resistant).
    """
    p = np.clip(probabilities.astype(np.float64), _FLOOR, 1 - _FLOOR)
    both = bool(labels.any() and not labels.all())
    return Measured(
        n=len(labels),
        rates=rates(labels, called_resistant(probabilities)),
        log_loss=float(sk.log_loss(labels, p, labels=[False, True])),
        brier=float(np.mean((p - labels) ** 2)),
        roc=_roc(labels, p) if both else None,
        precision_recall=_precision_recall(labels, p) if both else None,
        calibration=_calibration(labels, p),
    )


def rates(labels: NDArray[np.bool_], called: NDArray[np.bool_]) -> Rates:
    """Counts hits and misses of calls [N] against labels [N]."""
    (tn, fp), (fn, tp) = sk.confusion_matrix(labels, called, labels=[False, True]).tolist()
    sensitivity = tp / (tp + fn) if tp + fn else None
    specificity = tn / (tn + fp) if tn + fp else None
    known = [rate for rate in (sensitivity, specificity) if rate is not None]
    return Rates(
        confusion=((tn, fp), (fn, tp)),
        accuracy=(tn + tp) / len(labels),
        sensitivity=sensitivity,
        specificity=specificity,
        balanced_accuracy=sum(known) / len(known),
        mcc=_mcc(tn, fp, fn, tp),
    )


def _mcc(tn: int, fp: int, fn: int, tp: int) -> float:
    """Computes the Matthews correlation; 0 where a row or column of the matrix is empty, as in scikit-learn."""
    denominator = float((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5
    return (tp * tn - fp * fn) / denominator if denominator else 0.0


def _roc(labels: NDArray[np.bool_], p: NDArray[np.float64]) -> Curve:
    false_rate, true_rate, _ = sk.roc_curve(labels, p)
    return Curve(false_rate, true_rate, float(sk.roc_auc_score(labels, p)))


def _precision_recall(labels: NDArray[np.bool_], p: NDArray[np.float64]) -> Curve:
    precision, recall, _ = sk.precision_recall_curve(labels, p)
    return Curve(recall, precision, float(sk.average_precision_score(labels, p)))


def _calibration(labels: NDArray[np.bool_], p: NDArray[np.float64]) -> Curve:
    bins = max(1, min(_CALIBRATION_BINS, len(labels) // _ROWS_PER_BIN))
    # A bin may end at a row: in which of two that row is must not hang on the last digits of its prediction.
    observed, predicted = calibration_curve(labels, p.round(5), pos_label=True, n_bins=bins, strategy="quantile")
    return Curve(predicted, observed, 0.0)


def slice_accuracy(
    name: str, correct: NDArray[np.bool_], chosen: NDArray[np.bool_], groups: NDArray[np.int64] | None = None
) -> Slice | None:
    """Measures accuracy on the chosen rows; None where there are none.

    Args:
        name: Of the part.
        correct: [N].
        chosen: [N].
        groups: [N], rows that are sampled together share an id; none means that every row stands alone.
    """
    part = correct[chosen]
    if not len(part):
        return None
    return Slice(
        name, len(part), float(part.mean()), accuracy_interval(part, None if groups is None else groups[chosen])
    )


def slices_by_length(
    correct: NDArray[np.bool_], lengths: NDArray[np.int64], parts: int = 4, groups: NDArray[np.int64] | None = None
) -> Sequence[Slice]:
    """Measures accuracy by length, in about `parts` ranges that hold about as many rows each.

    A length that many rows share has a range of its own, so that genes cut short stand apart from whole ones.

    Args:
        correct: [N].
        lengths: [N], tokens.
        parts: Ranges asked for; equal lengths are never parted, so there may be fewer or more.
        groups: [N], as `slice_accuracy` takes them.
    """
    part_of = np.searchsorted(_edges(lengths, parts), lengths)
    slices = []
    for part in np.unique(part_of):
        inside = lengths[part_of == part]
        name = str(inside.min()) if inside.min() == inside.max() else f"{inside.min()} to {inside.max()}"
        found = slice_accuracy(name, correct, part_of == part, groups)
        slices.extend([found] if found else [])
    return slices


def _edges(lengths: NDArray[np.int64], parts: int) -> NDArray[np.int64]:
    """Finds the longest length of each range: quantiles, and what lies just below a length that many rows share."""
    values, counts = np.unique(lengths, return_counts=True)
    common = np.flatnonzero(counts * parts >= len(lengths))
    quantiles = np.quantile(lengths, np.linspace(0, 1, parts + 1)[1:], method="higher")
    return np.unique(np.concatenate([quantiles, values[common], values[common[common > 0] - 1]]))
