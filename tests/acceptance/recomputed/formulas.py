"""The statistics of a report, written down a second time, slow and plain."""

import math
from typing import Any

import numpy as np
from scipy.stats import binom, norm
from sklearn import metrics as sk

Z = norm.ppf(0.975)


def variance(values: np.ndarray, groups: np.ndarray, recurs: bool = False) -> float:
    """Of the mean over rows, by the components of a one-way analysis of variance.

    Where the largest group recurs, it counts as one of the mean size.
    """
    parts = [values[groups == group].astype(float) for group in np.unique(groups)]
    sizes, rows, count = np.array([len(part) for part in parts]), len(values), len(parts)
    if count in (1, rows):
        return sum((part - values.mean()).sum() ** 2 for part in parts) / rows**2
    within = sum(((part - part.mean()) ** 2).sum() for part in parts) / (rows - count)
    between = sum(len(part) * (part.mean() - values.mean()) ** 2 for part in parts) / count
    size = (rows - (sizes**2).sum() / rows) / (count - 1)
    if recurs:
        sizes = np.append(np.sort(sizes)[:-1], sizes.mean())
    return max(0.0, (between - within) / size) * (sizes**2).sum() / rows**2 + within / rows


def wilson(centre: float, spread: float, rows: int, units: int) -> list[float]:
    """Wilson's interval at the number of rows that a variance stands for; without one, that of the groups."""
    n = units if spread <= 0 or centre in (0, 1) else max(1, min(rows, centre * (1 - centre) / spread))
    middle = (centre + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(centre * (1 - centre) / n + Z**2 / (4 * n**2))
    return [middle - half, middle + half]


def accuracy_interval(right: np.ndarray, groups: np.ndarray, centre: float | None = None) -> list[float]:
    """Of the share of right rows, or of another mean of theirs."""
    centre = right.mean() if centre is None else centre
    return wilson(centre, variance(right, groups), len(right), len(np.unique(groups)))


def corrected(
    correct: np.ndarray,
    winner: int,
    best: int,
    groups: np.ndarray,
    naive: float,
    seed: int,
    by: np.ndarray | None = None,
) -> dict[str, Any]:
    """The winner's accuracy without the luck of the best of many, and how wide its interval is."""
    by = correct if by is None else by
    mean = naive + np.mean(deal(correct, by, best, groups, parts=5, scoring=2, seed=seed))
    right, units = correct[:, winner].astype(float), len(np.unique(groups))
    alone = variance(right, groups, recurs=True)
    spread = alone + 0.25 * right.var() / units

    def at(centre: float, spread: float) -> list[float]:
        return wilson(centre, spread * centre * (1 - centre) / (right.mean() * (1 - right.mean())), len(right), units)

    proportions = {"interval": at(mean, spread), "naive": at(naive, alone)} if 0 < right.mean() < 1 else {}
    return {"mean": mean, "spread": spread, "alone": alone, **proportions}


def deal(
    correct: np.ndarray, by: np.ndarray, best: int, groups: np.ndarray, parts: int, scoring: int, seed: int
) -> list[float]:
    """Deal groups into parts, 300 times: what is best on the others is scored on some, and set against the best."""
    generator = np.random.default_rng(seed)
    names, corrections = np.unique(groups), []
    for _ in range(300):
        part_of_row = generator.permutation(np.arange(len(names)) % parts)[np.searchsorted(names, groups)]
        ahead, rows = 0, 0
        for first in range(parts):
            inside = np.isin(part_of_row, [(first + more) % parts for more in range(scoring)])
            chosen = by[~inside].sum(axis=0).argmax()
            ahead += correct[inside, chosen].sum() - correct[inside, best].sum()
            rows += inside.sum()
        corrections.append(ahead / rows)
    return corrections


def measured(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """Everything that is measured of test rows and of development rows alike; both classes are there."""
    called, p = probabilities > 0.5, np.clip(probabilities.astype(float), 1e-7, 1 - 1e-7)
    return {
        "n": len(labels),
        "loss": -np.log(np.where(labels, p, 1 - p)).mean(),
        "confusion": sk.confusion_matrix(labels, called).tolist(),
        "sensitivity": sk.recall_score(labels, called),
        "specificity": sk.recall_score(~labels, ~called),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, called),
        "mcc": sk.matthews_corrcoef(labels, called),
        "brier": ((p - labels) ** 2).mean(),
        "roc_auc": sk.roc_auc_score(labels, p),
        "pr_auc": sk.average_precision_score(labels, p),
        "calibration": calibration(labels, p),
    }


def calibration(labels: np.ndarray, p: np.ndarray) -> dict[str, list[float]]:
    """Mean prediction, to five digits, and observed share, in up to ten bins of equal size with 15 rows or more."""
    p = p.round(5)
    bins = max(1, min(10, len(labels) // 15))
    edges = np.percentile(p, np.linspace(0, 100, bins + 1))
    bin_of = np.array([sum(edge < one for edge in edges[1:-1]) for one in p])
    filled = np.unique(bin_of)
    return {
        "predicted": [p[bin_of == one].mean() for one in filled],
        "observed": [labels[bin_of == one].mean() for one in filled],
    }


def part_of(name: str, right: np.ndarray, inside: np.ndarray, groups: np.ndarray) -> dict[str, Any] | None:
    """Accuracy on a part of the rows; None where it is empty."""
    if not inside.any():
        return None
    return {
        "name": name,
        "n": int(inside.sum()),
        "accuracy": right[inside].mean(),
        "interval95": accuracy_interval(right[inside], groups[inside]),
    }


def mcnemar(best: np.ndarray, other: np.ndarray) -> dict[str, Any]:
    """The exact paired test, of rows or of sequences."""
    ours, theirs = int((best & ~other).sum()), int((other & ~best).sum())
    p = min(1.0, 2 * binom.cdf(min(ours, theirs), ours + theirs, 0.5))
    return {"n": len(best), "only_best_right": ours, "only_baseline_right": theirs, "p": p}


def mcnemar_by_sequence(best: np.ndarray, other: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """For each group of rows, which of the two is right on more of them."""
    ahead = np.array([best[groups == group].sum() - other[groups == group].sum() for group in np.unique(groups)])
    return mcnemar(ahead > 0, ahead < 0)
