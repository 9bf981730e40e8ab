"""Intervals for accuracies, with rows that may come in groups of identical sequences.

Covers one proportion and the difference of two. Selection among many trials is in `selection_bias`.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

#: The normal distribution's quantile at 0.975, for intervals of 95 %. As a number: `hpo status` must begin at once.
Z = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """A 95 % interval of a proportion, or of a difference of proportions."""

    low: float
    high: float

    def contains(self, value: float) -> bool:
        """Says whether the value lies inside, ends included."""
        return self.low <= value <= self.high


def wilson(proportion: float, n: float) -> Interval:
    """Computes Wilson's score interval.

    Args:
        proportion: Observed proportion, 0 to 1.
        n: Number of independent rows, above 0; need not be whole (an effective number).

    Returns:
        The interval, inside [0, 1] and never of zero width.

    Raises:
        ValueError: If `n` is not above 0 or the proportion is not one.

    Source:
        Wilson 1927; Brown, Cai and DasGupta 2001 recommend it for small samples.
    """
    if not n > 0 or not 0 <= proportion <= 1:
        raise ValueError(f"Got proportion {proportion} of {n} rows; allowed are 0 to 1, and more than 0 rows.")
    centre = (proportion + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * sqrt(proportion * (1 - proportion) / n + Z**2 / (4 * n**2))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    # At 0 and 1 the closed form differs from the proportion by rounding only.
    return Interval(min(low, proportion), max(high, proportion))


def wilson_from_variance(proportion: float, variance: float, rows: int, units: int) -> Interval:
    """Computes Wilson's interval at the effective number of rows that a variance implies.

    Args:
        proportion: Observed proportion.
        variance: Variance of that proportion, with groups taken into account.
        rows: Number of rows: the effective number never passes it.
        units: Number of independent groups: taken where the variance is 0.

    Returns:
        The interval; equal to `wilson(proportion, rows)` where every row is a group of its own.

    Source:
        Korn and Graubard 1998 (effective sample size), here with Wilson's interval.
    """
    spread = proportion * (1 - proportion)
    if variance <= 0 or spread <= 0:
        return wilson(proportion, units)
    return wilson(proportion, max(1.0, min(float(rows), spread / variance)))


def score_interval(mean: float, variance: float, rows: int, units: int, bounds: Interval | None = None) -> Interval:
    """Computes the interval of a score: a proportion's, or a normal one within bounds.

    Args:
        mean: The score.
        variance: Of it.
        rows: As `wilson_from_variance` takes it, like the next.
        units: Likewise.
        bounds: What scores lie between that are no proportions; None for a proportion.
    """
    if bounds is None:
        return wilson_from_variance(mean, variance, rows, units)
    half = Z * sqrt(max(0.0, variance))
    return Interval(max(bounds.low, mean - half), min(bounds.high, mean + half))


def group_sums(values: NDArray[np.generic], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sums rows by group.

    Args:
        values: [N] or [N, C].
        groups: [N], any integers.

    Returns:
        [G] or [G, C], groups in ascending order of their id.
    """
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    return np.add.reduceat(values[order], starts, axis=0, dtype=np.float64)


def grouped_variance(
    values: NDArray[np.generic], groups: NDArray[np.int64], *, commonest_recurs: bool = False
) -> NDArray[np.float64]:
    """Computes the variance of the mean over rows, where whole groups were sampled and not single rows.

    How much groups differ is estimated from all of them, and then weighed by their sizes. The squared residuals of
    the groups themselves would not do: where a few groups hold most rows, they happen to be right together more often
    than not, and an interval from that is far too narrow.

    Args:
        values: [N] or [N, C], correctness (0 or 1) or differences of correctness (-1, 0, 1).
        groups: [N], rows with the same id belong together.
        commonest_recurs: The largest group (as a rule the ancestor's sequence) would be in any sample, as large.

    Returns:
        Scalar or [C]. With single rows as groups it is p (1 - p) / N.

    Source:
        Variance components of a one-way analysis of variance with unequal groups (Searle, Casella and McCulloch 1992).
    """
    totals = group_sums(values, groups)
    sizes = group_sums(np.ones(len(groups)), groups)
    rows, count = sizes.sum(), len(sizes)
    mean = totals.sum(axis=0) / rows
    if count in (1, rows):
        return np.asarray(((totals - np.multiply.outer(sizes, mean)) ** 2).sum(axis=0) / rows**2)
    group_means = (totals.T / sizes).T
    squares = (np.asarray(values, dtype=np.float64) ** 2).sum(axis=0)
    within = (squares - (totals * group_means).sum(axis=0)) / (rows - count)
    between = ((group_means - mean) ** 2 * _as_column(sizes, totals.ndim)).sum(
        axis=0
    ) / count  # as of single rows: not count - 1
    size = (rows - (sizes**2).sum() / rows) / (count - 1)  # of a typical group
    component = np.maximum(0.0, (between - within) / size)
    drawn = (sizes**2).sum()
    if commonest_recurs:  # then it varies no more than a group of the mean size: equal ones have no commonest
        drawn += sizes.mean() ** 2 - sizes.max() ** 2
    return np.asarray(component * drawn / rows**2 + within / rows)


def _as_column(sizes: NDArray[np.float64], dimensions: int) -> NDArray[np.float64]:
    return sizes if dimensions == 1 else sizes[:, None]


def accuracy_interval(correct: NDArray[np.bool_], groups: NDArray[np.int64] | None = None) -> Interval:
    """Computes the interval of an accuracy.

    Args:
        correct: [N], at least one row.
        groups: [N], rows of identical sequences share an id; none means that every row stands alone.

    Returns:
        Wilson's interval, at the effective number of rows.
    """
    rows = len(correct)
    if groups is None:
        return wilson(float(correct.mean()), rows)
    units = len(np.unique(groups))
    return wilson_from_variance(float(correct.mean()), float(grouped_variance(correct, groups)), rows, units)


def difference_interval(first: float, first_interval: Interval, second: float, second_interval: Interval) -> Interval:
    """Computes the interval of `first - second`, two independent proportions.

    Source:
        Newcombe 1998, method 10 (square and add), from the two single intervals.
    """
    difference = first - second
    low = difference - sqrt((first - first_interval.low) ** 2 + (second_interval.high - second) ** 2)
    high = difference + sqrt((first_interval.high - first) ** 2 + (second - second_interval.low) ** 2)
    return Interval(low, high)
