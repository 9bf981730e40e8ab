"""Comparisons: two classifiers on the same rows, CV against test, the winner against the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from hpo.evaluation.intervals import Interval, Z, difference_interval, group_sums, grouped_variance

SIGNIFICANT = 0.05  #: p-values below it are called more than chance
_NOTHING = 1e-12


@dataclass(frozen=True)
class Paired:
    """Two classifiers on the same cases (McNemar's test, exact and two-sided)."""

    n: int  #: cases: rows, or groups of rows
    only_first_right: int
    only_second_right: int
    p_value: float

    @property
    def differs(self) -> bool:
        """Whether the two differ by more than chance."""
        return self.p_value < SIGNIFICANT

    @property
    def first_is_ahead(self) -> bool:
        """Whether the first is right more often, by chance or not."""
        return self.only_first_right > self.only_second_right


@dataclass(frozen=True)
class PairedScores:
    """The scores of two classifiers on the same rows."""

    difference: float  #: first minus second
    interval: Interval
    p_value: float  #: two-sided

    @property
    def differs(self) -> bool:
        """Whether the two differ by more than chance."""
        return self.p_value < SIGNIFICANT

    @property
    def first_is_ahead(self) -> bool:
        """Whether the first has the higher score, by chance or not."""
        return self.difference > 0


@dataclass(frozen=True)
class Gap:
    """Cross-validation accuracy minus test accuracy."""

    difference: float
    interval: Interval

    @property
    def is_more_than_noise(self) -> bool:
        """Whether 0 lies outside the interval."""
        return not self.interval.contains(0.0)


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_], groups: NDArray[np.int64] | None = None) -> Paired:
    """Compares two classifiers by the cases where exactly one of them is right.

    Args:
        first: [N], where the first classifier is right.
        second: [N], where the second one is.
        groups: [N], rows that are sampled together share an id. Each group is one case then, for the classifier that
            is right on more of its rows: a hundred copies of one sequence are no hundred witnesses. None means that
            every row is a case.

    Source:
        McNemar 1947, with exact binomial probabilities; of groups it is the sign test.
    """
    lead = first.astype(np.int8) - second.astype(np.int8)
    cases = lead if groups is None else group_sums(lead, groups)
    only_first, only_second = int(np.sum(cases > 0)), int(np.sum(cases < 0))
    discordant = only_first + only_second
    # Both tails of the binomial distribution of even chances are alike.
    tail = float(bdtr(min(only_first, only_second), discordant, 0.5))
    return Paired(len(cases), only_first, only_second, min(1.0, 2.0 * tail))


def paired_scores(
    first: NDArray[np.float64], second: NDArray[np.float64], groups: NDArray[np.int64] | None = None
) -> PairedScores:
    """Compares two classifiers by the points of their rows (`hpo.evaluation.objective`), with a normal error.

    Args:
        first: [N], points of the first.
        second: [N], of the second, on the same rows.
        groups: [N], rows that are sampled together share an id; none means that every row stands alone.
    """
    points = first - second
    difference = float(points.mean())
    error = sqrt(grouped_variance(points, np.arange(len(points)) if groups is None else groups))
    # What arithmetic leaves of equal scores is no difference.
    if error < _NOTHING:
        p_value = 1.0 if abs(difference) < _NOTHING else 0.0
    else:
        p_value = erfc(abs(difference) / error / sqrt(2))
    return PairedScores(difference, Interval(difference - Z * error, difference + Z * error), p_value)


def gap(cv: float, cv_interval: Interval, test: float, test_interval: Interval) -> Gap:
    """Sets cross-validation and test side by side; both were measured on different rows."""
    return Gap(cv - test, difference_interval(cv, cv_interval, test, test_interval))


def tied_with(
    right: NDArray[np.bool_] | NDArray[np.float64], winner: int, groups: NDArray[np.int64] | None = None
) -> Sequence[int]:
    """Finds the configurations that the out-of-fold predictions cannot tell from the winner.

    Args:
        right: [N, C], whether configuration c was right for row n; or the row's points, by another objective.
        winner: Column of the winner.
        groups: [N], rows that are sampled together share an id.

    Returns:
        Columns other than the winner whose mean paired difference to it is within 1.96 standard errors of 0.
    """
    groups = np.arange(len(right)) if groups is None else groups
    ahead = right[:, [winner]]
    difference = (ahead.astype(np.int8) if right.dtype == np.bool_ else ahead) - right
    margin = Z * np.sqrt(grouped_variance(difference, groups))
    tied = np.abs(difference.mean(axis=0)) <= margin + _NOTHING
    return [int(column) for column in np.flatnonzero(tied) if column != winner]
