"""How means go on: fitted to trials of which the worse were given up, and with next to nothing to fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.search.chance import outlook
from hpo.search.expected import expected_accuracies
from hpo.search.steps import fit_steps
from standings import FOLDS, standing

SPREAD = 0.01**2


def test_giving_up_the_worse_trials_does_not_mislead() -> None:
    # Fold 1 is 3 points harder. Trials below the median after a fold are given up; the others were lucky on that fold.
    random = np.random.default_rng(0)
    level, noise = 0.004, 0.01
    folds = 0.9 + random.normal(0, level, (600, 1)) + random.normal(0, noise, (600, FOLDS)) - [0, 0.03, 0, 0, 0]
    goes_on = folds[:, 0] > np.median(folds[:, 0])
    trials = [standing(n, row if on else row[:1]) for n, (row, on) in enumerate(zip(folds, goes_on, strict=True))]
    steps = fit_steps(trials, SPREAD)
    given_up = folds[~goes_on]
    expected = np.mean([outlook(float(row[0]), 1, steps).mean for row in given_up])
    assert expected == pytest.approx(given_up.mean(), abs=0.0015)
    # By the mean differences of those that went on they would be taken for half a point worse than they are.
    naive = given_up[:, 0].mean() + (folds[goes_on].mean() - folds[goes_on, 0].mean())
    assert naive < given_up.mean() - 0.004


def test_how_certain_it_is_is_fitted_too() -> None:
    random = np.random.default_rng(0)
    folds = 0.9 + random.normal(0, 0.02, (400, 1)) + random.normal(0, 0.005, (400, FOLDS))
    # The prior says four times as much.
    steps = fit_steps([standing(n, row) for n, row in enumerate(folds)], 4 * 0.005**2)
    for count in range(1, FOLDS):
        ends = [outlook(float(row[:count].mean()), count, steps) for row in folds]
        errors = np.array([end.mean for end in ends]) - folds.mean(axis=1)
        stated = np.mean([end.variance for end in ends])
        # The last step is taken to be uncertain by a fifth of a point, whatever is seen.
        assert 0.8 * errors.std() ** 2 <= stated <= 1.5 * errors.std() ** 2 + 0.002**2


@given(st.lists(st.floats(0.6, 1.0), min_size=FOLDS, max_size=FOLDS), st.integers(1, FOLDS))
def test_beside_one_other_trial_the_same_folds_are_expected_to_end_alike(folds: list[float], count: int) -> None:
    leader = standing(0, folds)
    steps = fit_steps([leader, standing(1, folds[:count])], SPREAD)
    end = outlook(float(np.mean(folds[:count])), count, steps)
    assert end.mean == pytest.approx(float(np.mean(folds)))
    assert end.variance > 0


@given(st.floats(0.5, 0.9), st.integers(1, FOLDS))
def test_a_trial_alone_can_be_carried_to_its_end(accuracy: float, count: int) -> None:
    (alone,) = trials = [standing(0, [accuracy] * count)]
    assert outlook(accuracy, alone.finished, fit_steps(trials, SPREAD)).mean == pytest.approx(accuracy)


def test_accuracies_to_expect() -> None:
    losses = np.array([[0.5, 0.2, 0.2, 0.9], [0.5, 0.2, 0.2, np.nan]])
    accuracies = np.array([[0.1, 0.8, 0.9, 0.0], [0.1, 0.6, 0.8, np.nan]])
    # Two epochs are as good as each other; the first is far off, and the last was not run by all.
    assert expected_accuracies(losses, accuracies) == pytest.approx([0.85, 0.7], abs=1e-4)


@given(st.floats(0, 1), st.integers(1, 9))
def test_a_flat_curve_is_expected_to_stay(accuracy: float, epochs: int) -> None:
    curve = np.full((2, epochs), accuracy)
    assert expected_accuracies(1 - curve, curve) == pytest.approx([accuracy] * 2)


def test_folds_that_share_no_epoch_tell_nothing() -> None:
    assert np.isnan(expected_accuracies(np.array([[0.1], [np.nan]]), np.array([[0.9], [np.nan]]))).all()
