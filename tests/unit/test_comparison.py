"""Paired tests, the gap between CV and test, ties."""

import numpy as np
import pytest

from hpo.evaluation.comparison import gap, mcnemar, tied_with
from hpo.evaluation.intervals import wilson


def outcomes(both: int, only_first: int, only_second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    counts = (both, only_first, only_second, neither)
    first = np.repeat(np.array([True, True, False, False]), counts)
    second = np.repeat(np.array([True, False, True, False]), counts)
    return first, second


def test_mcnemar_by_hand() -> None:
    found = mcnemar(*outcomes(50, 8, 1, 10))
    # Two-sided: 2 x (C(9,0) + C(9,1)) / 2^9.
    assert found.p_value == pytest.approx(2 * (1 + 9) / 512)
    assert (found.only_first_right, found.only_second_right, found.n) == (8, 1, 69)
    assert found.differs


def test_mcnemar_is_symmetric_and_knows_equality() -> None:
    first, second = outcomes(50, 6, 9, 10)
    assert mcnemar(first, second).p_value == mcnemar(second, first).p_value
    assert not mcnemar(first, second).differs
    assert mcnemar(first, first).p_value == 1


def test_copies_are_one_case() -> None:
    first, second = outcomes(50, 8, 1, 10)
    groups = np.arange(69)
    groups[50:58] = 50
    found = mcnemar(first, second, groups)
    assert (found.only_first_right, found.only_second_right, found.n) == (1, 1, 62)
    assert mcnemar(first, second, np.arange(69)) == mcnemar(first, second)


def test_gap_is_noise_or_not() -> None:
    near = gap(0.95, wilson(0.95, 1000), 0.94, wilson(0.94, 250))
    assert near.difference == pytest.approx(0.01)
    assert near.interval.low < 0 < near.interval.high
    assert not near.is_more_than_noise
    assert gap(0.95, wilson(0.95, 1000), 0.85, wilson(0.85, 250)).is_more_than_noise


def test_ties_are_judged_in_pairs_and_by_group() -> None:
    winner, slightly_worse = outcomes(900, 12, 4, 84)
    _, much_worse = outcomes(800, 112, 4, 84)
    correct = np.stack([much_worse, winner, slightly_worse, winner], axis=1)
    assert tied_with(correct, 1) == [3]
    # The 8 rows of difference lie in one group each side: nothing to be sure of.
    groups = np.arange(1000)
    groups[900:912] = 900
    assert tied_with(correct, 1, groups) == [2, 3]
