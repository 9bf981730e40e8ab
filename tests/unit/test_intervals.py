"""Intervals: known values, agreement with scipy, groups, coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from hpo.evaluation.intervals import (
    Interval,
    accuracy_interval,
    difference_interval,
    group_sums,
    grouped_variance,
    wilson,
)


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_agrees_with_scipy(n: int, share: float) -> None:
    right = round(share * n)
    expected = binomtest(right, n).proportion_ci(method="wilson")
    found = wilson(right / n, n)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert found.contains(right / n)


def test_wilson_by_hand() -> None:
    # 81 of 263, the worked example of Newcombe 1998.
    found = wilson(81 / 263, 263)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize(("proportion", "n"), [(0.5, 0), (1.2, 10), (-0.1, 10)])
def test_wilson_refuses_what_is_no_proportion(proportion: float, n: int) -> None:
    with pytest.raises(ValueError, match="allowed"):
        wilson(proportion, n)


def test_all_right_is_not_certainty() -> None:
    found = accuracy_interval(np.ones(30, dtype=bool))
    assert found.high == 1
    assert found.low == pytest.approx(0.8865, abs=5e-4)


def test_single_rows_as_groups_change_nothing() -> None:
    correct = np.arange(100) % 7 > 0
    alone, grouped = accuracy_interval(correct), accuracy_interval(correct, np.arange(100)[::-1])
    assert (grouped.low, grouped.high) == pytest.approx((alone.low, alone.high))


def test_copies_of_rows_carry_no_information() -> None:
    correct = np.arange(100) % 7 > 0
    copies, groups = np.repeat(correct, 9), np.repeat(np.arange(100), 9)
    alone, copied = accuracy_interval(correct), accuracy_interval(copies, groups)
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))


def test_group_sums_and_variance_by_hand() -> None:
    values = np.array([1, 0, 1, 1])
    groups = np.array([5, 2, 5, 9])
    assert group_sums(values, groups).tolist() == [0, 2, 1]
    # Mean 3/4; residuals 0 - 3/4, 2 - 6/4, 1 - 3/4; their squares over 4 squared.
    assert float(grouped_variance(values, groups)) == pytest.approx((0.5625 + 0.25 + 0.0625) / 16)


def test_difference_interval_by_hand() -> None:
    # Newcombe 1998, method 10, example (a): 56/70 against 48/80.
    found = difference_interval(56 / 70, wilson(56 / 70, 70), 48 / 80, wilson(48 / 80, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_grouped_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(150), 3)
    right = rng.random((600, 150)) < 0.85  # whole groups are right or wrong
    covered = [accuracy_interval(np.repeat(row, 3), groups).contains(0.85) for row in right]
    assert 0.92 <= np.mean(covered) <= 0.98
    assert not Interval(0.1, 0.2).contains(0.3)
