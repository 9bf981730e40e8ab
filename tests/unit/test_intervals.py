"""Intervals: known values, agreement with scipy, groups, coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from hpo.evaluation.intervals import (
    Interval,
    Z,
    accuracy_interval,
    difference_interval,
    group_sums,
    grouped_variance,
    wilson,
)


def test_the_quantile_is_that_of_scipy_to_its_last_digit() -> None:
    assert float(norm.ppf(0.975)) == Z


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
    # Group means 0, 1, 1 around 3/4: (1 x 9/16 + 2 x 1/16 + 1 x 1/16) / 3 = 1/4 between, 0 within; a typical group has
    # (4 - 6/4) / 2 = 5/4 rows, so the component is 1/5, and the mean's variance 1/5 x 6 / 16.
    assert float(grouped_variance(values, groups)) == pytest.approx(0.075)


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


def test_a_few_large_groups_do_not_make_sure() -> None:
    """One sequence in ten is called wrong, in all of its copies, and a few sequences hold most rows."""
    rng = np.random.default_rng(0)
    sizes = np.concatenate([np.full(10, 30), np.ones(100, dtype=np.int64)])
    groups = np.repeat(np.arange(len(sizes)), sizes)
    intervals = [accuracy_interval((rng.random(len(sizes)) < 0.9)[groups], groups) for _ in range(300)]
    # 300 intervals: a coverage of 95 % has a standard error of 1.3 points here.
    assert 0.91 < np.mean([interval.contains(0.9) for interval in intervals]) < 0.99
