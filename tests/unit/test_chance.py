"""P: its limits, what it must not depend on, and that the chances it states come true where its assumptions hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from hpo.search.chance import Outlook, Step, UnderWay, chance_of_leading, gain_by_leading, outlook

FOLDS = 5
accuracies = st.floats(0, 1)
variances = st.floats(1e-8, 1e-2)
freedoms = st.sampled_from([3.0, 8.0, 40.0, math.inf])
outlooks = st.builds(Outlook, mean=accuracies, variance=variances)
made_steps = st.lists(
    st.builds(
        Step,
        middle=accuracies,
        height=accuracies,
        slope=st.floats(0, 1),
        variance=variances,
        of_height=variances,
        of_slope=st.floats(0, 1e-3),
    ),
    min_size=FOLDS,
    max_size=FOLDS,
)
folds_done = st.integers(1, FOLDS)


def unshrunk(spread: float) -> list[Step]:
    """Steps of trials whose levels differ much: nothing is known but the folds that were seen."""
    steps = [Step(middle=0, height=0, slope=1, variance=spread / k / (k + 1)) for k in range(1, FOLDS)]
    return [*steps, Step(middle=0, height=0, slope=1, variance=0)]


@given(accuracies, accuracies, freedoms)
def test_where_both_ends_are_known_nothing_is_left_to_chance(one: float, other: float, freedom: float) -> None:
    chance = chance_of_leading(Outlook(mean=one), Outlook(mean=other), freedom)
    assert chance == (0.5 if one == other else float(one > other))


@given(outlooks, outlooks, freedoms)
def test_trial_and_leader_may_change_places(one: Outlook, other: Outlook, freedom: float) -> None:
    both = chance_of_leading(one, other, freedom) + chance_of_leading(other, one, freedom)
    assert both == pytest.approx(1)


@given(st.lists(accuracies, min_size=2, max_size=2), outlooks, variances, freedoms)
def test_the_higher_expectation_never_has_the_smaller_chance(
    means: list[float], leader: Outlook, variance: float, freedom: float
) -> None:
    low, high = (chance_of_leading(Outlook(mean=mean, variance=variance), leader, freedom) for mean in sorted(means))
    assert 0 <= low <= high <= 1


@given(st.lists(accuracies, min_size=2, max_size=2), folds_done, made_steps)
def test_the_higher_mean_never_is_expected_to_end_lower(means: list[float], folds: int, steps: list[Step]) -> None:
    low, high = (outlook(mean, folds, steps) for mean in sorted(means))
    assert low.mean <= high.mean + 1e-12


@given(accuracies, folds_done, st.floats(1e-8, 1e-2))
def test_where_levels_differ_much_the_spread_left_is_that_of_the_folds_to_come(
    mean: float, folds: int, spread: float
) -> None:
    end = outlook(mean, folds, unshrunk(spread))
    assert end.mean == pytest.approx(mean)
    assert end.variance == pytest.approx(spread * (1 / folds - 1 / FOLDS), rel=1e-9, abs=1e-18)


@pytest.mark.parametrize(("folds", "limit"), [(1, 1.342), (2, 0.822), (3, 0.548), (4, 0.335)])
def test_limits_of_a_paired_comparison(folds: int, limit: float) -> None:
    # Where a trial has to lie below a complete leader, in standard deviations of a difference, to be 1.5 errors below.
    spread = 0.01**2
    end = outlook(-0.01 * limit, folds, unshrunk(spread))
    assert chance_of_leading(end, Outlook(mean=0.0), math.inf) == pytest.approx(ndtr(-1.5), abs=1e-3)


@given(accuracies, folds_done, made_steps, st.floats(-1, 1))
def test_what_all_trials_share_is_no_advantage(mean: float, folds: int, steps: list[Step], by: float) -> None:
    moved = [
        Step(
            middle=step.middle + by,
            height=step.height + by,
            slope=step.slope,
            variance=step.variance,
            of_height=step.of_height,
            of_slope=step.of_slope,
        )
        for step in steps
    ]
    here, there = outlook(mean, folds, steps), outlook(mean + by, folds, moved)
    assert (there.mean - by, there.variance) == pytest.approx((here.mean, here.variance), abs=1e-9)


@given(accuracies, st.integers(1, FOLDS - 1), made_steps, accuracies)
def test_a_fold_under_way_counts_from_nothing_to_a_whole_fold(
    mean: float, folds: int, steps: list[Step], fold: float
) -> None:
    blind = outlook(mean, folds, steps, UnderWay(promised=fold, blur=math.inf))
    assert blind == outlook(mean, folds, steps)
    seen = outlook(mean, folds, steps, UnderWay(promised=fold, blur=0.0))
    whole = outlook((folds * mean + fold) / (folds + 1), folds + 1, steps)
    assert (seen.mean, seen.variance) == pytest.approx((whole.mean, whole.variance), abs=1e-9)


@given(accuracies, st.integers(1, FOLDS - 1), made_steps, accuracies, variances)
def test_what_a_fold_promises_leaves_less_to_chance(
    mean: float, folds: int, steps: list[Step], fold: float, blur: float
) -> None:
    before, after = (
        outlook(mean, folds, steps[:folds]),
        outlook(mean, folds, steps[:folds], UnderWay(promised=fold, blur=blur)),
    )
    assert after.variance <= before.variance


def test_a_training_that_broke_has_no_chance() -> None:
    broke = outlook(0.99, 2, unshrunk(1e-4), UnderWay(promised=math.nan, blur=math.inf))
    assert chance_of_leading(broke, Outlook(mean=0.5), 8.0) == 0.0


def test_the_derivation_holds_in_a_simulation() -> None:
    # Levels, folds of a level, a fold under way: of the trials that look like this one, how many lead?
    random = np.random.default_rng(1)
    level, noise, blur = 0.004, 0.008, 0.006
    folds = random.normal(0, level, (400_000, 1)) + random.normal(0, noise, (400_000, FOLDS))
    so_far = folds[:, 2] + random.normal(0, blur, len(folds))
    alike = (abs(folds[:, :2].mean(axis=1) - 0.003) < 0.001) & (abs(so_far - 0.006) < 0.002)
    came_true = (folds[alike].mean(axis=1) > 0.004).mean()
    steps = []
    for k in range(1, FOLDS):
        r = level**2 / (level**2 + noise**2 / k)
        variance = (noise**2 + (1 - r) * level**2) / (k + 1) ** 2
        steps.append(Step(middle=0, height=0, slope=(k + r) / (k + 1), variance=variance))
    steps.append(Step(middle=0, height=0, slope=1, variance=0))
    end = outlook(0.003, 2, steps, UnderWay(promised=0.006, blur=blur**2))
    assert alike.sum() > 5_000
    assert chance_of_leading(end, Outlook(mean=0.004), math.inf) == pytest.approx(came_true, abs=0.02)


@pytest.mark.parametrize("freedom", [5.0, 20.0, math.inf])
@pytest.mark.parametrize("ahead", [-0.05, -0.01, 0.0, 0.02])
def test_what_is_to_be_gained_is_the_mean_of_what_a_trial_may_be_ahead_by(ahead: float, freedom: float) -> None:
    rng, scale = np.random.default_rng(0), 0.02
    drawn = rng.standard_normal(400_000) if math.isinf(freedom) else rng.standard_t(freedom, 400_000)
    trial, leader = Outlook(mean=0.8 + ahead, variance=0.75 * scale**2), Outlook(mean=0.8, variance=0.25 * scale**2)
    expected = np.maximum(ahead + scale * drawn, 0)
    error = float(expected.std()) / math.sqrt(len(expected))
    assert gain_by_leading(trial, leader, freedom) == pytest.approx(float(expected.mean()), abs=5 * error)


def test_where_both_ends_are_known_the_gain_is_what_the_trial_is_ahead_by() -> None:
    assert gain_by_leading(Outlook(mean=0.9), Outlook(mean=0.8), 5.0) == pytest.approx(0.1)
    assert gain_by_leading(Outlook(mean=0.7), Outlook(mean=0.8), 5.0) == 0.0
    assert gain_by_leading(Outlook(mean=np.nan), Outlook(mean=0.8), 5.0) == 0.0
