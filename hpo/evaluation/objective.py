"""The scores of a classifier by which trials are compared, and what each row has to do with them.

A score is higher for what is better (`hpo.objectives`). Trials are told the mean of their folds' scores; a score of all
rows together would compare probabilities of networks that were calibrated on other rows.

**Points.** Some objectives are means over rows: accuracy, and log loss, negated. The others are functions of means,
and near what was measured they change as means do. So each row is given points, whose mean is the score, exactly, and
whose variation from row to row gives the variance of the score, and of the difference of two scores, as the rows that
are right give that of an accuracy (`hpo.evaluation.intervals`). Of a score S, a row's points are S plus its influence
on S, which is 0 in the mean: the delta method. With a share p of resistant rows they are

* balanced accuracy, (sensitivity + specificity) / 2: (right - sensitivity) / 2p of a resistant row, and likewise of a
  susceptible one;
* area A under the ROC curve: (V - A) / p of a resistant row, V the share of susceptible rows that it is ranked above,
  equal ones counting half, and likewise of a susceptible one;
* Matthews correlation: its derivative by the share of each cell of the confusion matrix.

Source:
    DeLong, DeLong and Clarke-Pearson 1988, for the area; van der Vaart, Asymptotic Statistics, chapter 3.
"""

import numpy as np
from numpy.typing import NDArray

from hpo.choices import Objective
from hpo.evaluation.calls import called_resistant
from hpo.evaluation.intervals import Interval

#: A confident mistake costs no more than its logarithm (the epsilon of Keras).
_FLOOR = 1e-7
#: What scores lie between.
BOUNDS: dict[Objective, Interval] = {
    "accuracy": Interval(0.0, 1.0),
    "balanced_accuracy": Interval(0.0, 1.0),
    "mcc": Interval(-1.0, 1.0),
    "roc_auc": Interval(0.0, 1.0),
    "log_loss": Interval(float(np.log(_FLOOR)), 0.0),
}


def score(objective: Objective, labels: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> float:
    """Scores predictions.

    Args:
        objective: What counts.
        labels: [N], True is resistant; at least one row.
        probabilities: [N], P(resistant).

    Returns:
        Higher is better. Where all rows are of one class, the balanced accuracy is that of this class, the Matthews
        correlation 0, and the area one half.
    """
    return float(points(objective, labels, probabilities).mean())


def points(objective: Objective, labels: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns [N] the rows' points, whose mean is the score; arguments as `score`."""
    p = np.asarray(probabilities, dtype=np.float64)
    # As they are stored: a float32 above one half is above it as a float64.
    right = called_resistant(p) == labels
    match objective:
        case "accuracy":
            return np.asarray(right, dtype=np.float64)
        case "log_loss":
            return np.asarray(np.log(np.where(labels, p, 1.0 - p).clip(_FLOOR, 1.0)))
        case "balanced_accuracy":
            return _mean_of_classes(labels, right.astype(np.float64))
        case "roc_auc":
            # The area is what either class has in the mean, and varies with both of them.
            of_both = _mean_of_classes(labels, _ranked_right(labels, p))
            return np.asarray(2 * of_both - of_both.mean())
        case "mcc":
            return _matthews(labels, right)


def points_of_folds(
    objective: Objective,
    labels: NDArray[np.bool_],
    probabilities: NDArray[np.floating],
    folds: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Returns [N] the rows' points for the mean of the folds' scores.

    Args:
        objective: As for `score`, like the next two.
        labels: Likewise.
        probabilities: Likewise.
        folds: [N], of each row; a fold of few rows counts as much as another.
    """
    given, present = np.empty(len(labels)), np.unique(folds)
    scores = np.empty(len(present))
    for place, fold in enumerate(present):
        rows = folds == fold
        own = points(objective, labels[rows], probabilities[rows])
        scores[place] = own.mean()
        given[rows] = (own - scores[place]) * len(labels) / (len(present) * rows.sum())
    return np.asarray(given + scores.mean())


def scores_of_folds(
    objective: Objective,
    labels: NDArray[np.bool_],
    probabilities: NDArray[np.floating],
    folds: NDArray[np.int64],
) -> tuple[float, ...]:
    """Returns each fold's score, by fold; arguments as `points_of_folds`."""
    parts = [folds == fold for fold in np.unique(folds)]
    return tuple(score(objective, labels[rows], probabilities[rows]) for rows in parts)


def _mean_of_classes(labels: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the mean over the classes of the mean of values [N] within each."""
    given, means = np.zeros(len(labels)), list[float]()
    parts = [part for part in (labels, ~labels) if part.any()]
    for part in parts:
        means.append(float(values[part].mean()))
        given[part] = (values[part] - means[-1]) * len(labels) / (len(parts) * part.sum())
    return given + sum(means) / len(means)


def _ranked_right(labels: NDArray[np.bool_], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns [N] the share of the other class that each row is ranked rightly against; equal ones count half."""
    if labels.all() or not labels.any():
        return np.full(len(labels), 0.5)
    _, place = np.unique(p, return_inverse=True)
    of_resistant, of_susceptible = (np.bincount(place[part], minlength=place.max() + 1) for part in (labels, ~labels))
    below = (np.cumsum(of_susceptible) - of_susceptible / 2)[place] / of_susceptible.sum()
    above = 1.0 - (np.cumsum(of_resistant) - of_resistant / 2)[place] / of_resistant.sum()
    return np.asarray(np.where(labels, below, above))


def _matthews(labels: NDArray[np.bool_], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    cells = (labels & right, labels & ~right, ~labels & ~right, ~labels & right)
    tp, fn, fp, tn = (float(cell.mean()) for cell in cells)
    sums = (tp + fn, tn + fp, tp + fp, tn + fn)
    if min(sums) <= 0.0:
        return np.zeros(len(labels))
    resistant, susceptible, called, not_called = sums
    root = (resistant * susceptible * called * not_called) ** 0.5
    found = (tp * tn - fp * fn) / root
    half = found / 2
    slopes = (
        tn / root - half * (1 / resistant + 1 / called),
        -fp / root - half * (1 / resistant + 1 / not_called),
        -fn / root - half * (1 / susceptible + 1 / called),
        tp / root - half * (1 / susceptible + 1 / not_called),
    )
    given = sum(slope * cell for slope, cell in zip(slopes, cells, strict=True))
    return np.asarray(found + given - np.mean(given))
