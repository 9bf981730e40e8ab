"""What more trials promise, on trials whose levels are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hpo.search.gain import LEAST_COMPLETE, NEXT, prospect_of

FOLDS = 5


def made(
    rng: np.random.Generator, trials: int, spread: float, noise: float = 0.02
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Levels of trials, and accuracies of their folds; folds differ for all alike."""
    levels = 0.8 + rng.normal(0, spread, trials)
    folds = levels[:, None] + rng.normal(0, noise, (trials, FOLDS)) + rng.normal(0, 0.05, FOLDS)
    return levels, folds


def test_few_trials_tell_too_little() -> None:
    _, folds = made(np.random.default_rng(0), LEAST_COMPLETE, 0.05)
    assert prospect_of(folds[:-1], finished=30) is None
    assert prospect_of(folds, finished=30) is not None
    assert prospect_of(np.empty((0, FOLDS)), finished=30) is None


@pytest.mark.parametrize("trials", [15, 30])
def test_what_it_says_comes_true_on_average(trials: int) -> None:
    rng = np.random.default_rng(trials)
    said, came = [], []
    for _ in range(400):
        levels, folds = made(rng, trials + NEXT, 0.03)
        means = folds.mean(axis=1)
        said.append(prospect_of(folds[:trials], trials).gain)
        came.append(levels[means.argmax()] - levels[means[:trials].argmax()])
    assert np.mean(said) == pytest.approx(np.mean(came), rel=0.35)


def test_noise_is_what_trials_do_not_have_in_common() -> None:
    rng = np.random.default_rng(2)
    noise = [prospect_of(made(rng, 20, 0.03)[1], 20).noise for _ in range(100)]
    assert np.mean(noise) == pytest.approx(0.02 / np.sqrt(FOLDS), rel=0.1)


def test_equal_levels_promise_little_and_different_ones_more() -> None:
    rng = np.random.default_rng(3)
    equal = [prospect_of(made(rng, 20, 0.0)[1], 20) for _ in range(100)]
    different = [prospect_of(made(rng, 20, 0.05)[1], 20) for _ in range(100)]
    assert np.mean([one.pays for one in equal]) < 0.3
    assert np.mean([one.pays for one in different]) > 0.5


def test_trials_that_are_given_up_make_the_next_ones_promise_less() -> None:
    _, folds = made(np.random.default_rng(4), 20, 0.05)
    assert prospect_of(folds, finished=60).gain < prospect_of(folds, finished=20).gain


def test_how_bad_the_worst_are_says_nothing() -> None:
    _, folds = made(np.random.default_rng(5), 20, 0.05)
    worse = folds.copy()
    worse[folds.mean(axis=1) < np.median(folds.mean(axis=1))] -= 0.3
    assert prospect_of(worse, 20) == prospect_of(folds, 20)


def test_trials_that_are_all_the_same_promise_nothing() -> None:
    prospect = prospect_of(np.full((20, FOLDS), 0.9), 20)
    assert (prospect.gain, prospect.noise, prospect.pays) == (0.0, 0.0, False)
    perfect = prospect_of(np.ones((20, FOLDS)), 20)
    assert not perfect.pays


def test_the_order_of_trials_says_nothing() -> None:
    _, folds = made(np.random.default_rng(6), 21, 0.05)
    assert prospect_of(folds[::-1], 21).gain == pytest.approx(prospect_of(folds, 21).gain)
