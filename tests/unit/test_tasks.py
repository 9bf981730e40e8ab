"""The next task: what is worth most, whoever asks, and nothing twice."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.search.standing import PARK, Standing
from hpo.search.tasks import NewConfiguration, NextFold, Progress, Task, choose_task, parked
from standings import FOLDS, standing

GOOD = [0.93, 0.91, 0.95, 0.92, 0.94]


def progress(*trials: Standing, unbegun: int = 0) -> Progress:
    return Progress(trials=trials, folds=FOLDS, unbegun=unbegun, rows=250)


def shifted(by: float, folds: int = FOLDS) -> list[float]:
    return [accuracy + by for accuracy in GOOD[:folds]]


def test_a_study_begins_with_a_configuration() -> None:
    assert choose_task(progress(unbegun=40)) == NewConfiguration()
    assert choose_task(progress(unbegun=0)) is None


def test_workers_that_come_together_begin_one_each_while_the_budget_lasts() -> None:
    trials: list[Standing] = []
    for number in range(8):
        assert choose_task(progress(*trials, unbegun=8 - number)) == NewConfiguration()
        trials.append(standing(number, [], at_work={0}))
    # Then second folds: no worker idles while there are any.
    assert choose_task(progress(*trials)) == NextFold(0, 1)


def test_a_leader_is_finished_first() -> None:
    assert choose_task(progress(standing(0, GOOD[:2]), standing(1, shifted(-0.03, 1)), unbegun=9)) == NextFold(0, 2)


def test_a_rival_close_by_goes_on_and_one_far_below_is_parked() -> None:
    close, far = standing(1, shifted(0.002, 1)), standing(2, shifted(-0.2, 1))
    here = progress(standing(0, GOOD), close, far)
    assert choose_task(here) == NextFold(1, 1)
    assert parked(here) == [2]
    assert choose_task(progress(standing(0, GOOD), far)) is None


def test_a_parked_trial_thaws_when_the_leader_turns_out_weaker() -> None:
    steady = [standing(number, [0.9 - 0.002 * number] * 2) for number in range(2, 6)]
    rival = standing(1, [0.90])
    assert 1 in parked(progress(standing(0, [0.97]), rival, *steady))
    weaker = standing(0, [0.97, 0.80, 0.82, 0.81, 0.80])
    assert parked(progress(weaker, rival, *steady)) == []


def test_what_failed_is_left_alone() -> None:
    assert choose_task(progress(standing(0, GOOD), standing(1, shifted(0.01, 2), failed=True))) is None


@pytest.mark.parametrize("epochs", [[0.5], [0.5, 0.5, 0.5], [float("nan")]])
def test_a_configuration_that_learns_nothing_ends_within_its_first_fold(epochs: list[float]) -> None:
    others = [standing(number, shifted(-0.001 * number)) for number in range(4)]
    alike = standing(9, [], under_way={0: [GOOD[0]] * len(epochs)}, at_work={0})
    broken = standing(9, [], under_way={0: epochs}, at_work={0})
    assert not progress(*others, alike).is_hopeless(alike)
    assert progress(*others, broken).is_hopeless(broken)


def test_where_curves_say_nothing_yet_a_slow_start_is_none() -> None:
    # The first epochs of these trials told nothing of where they ended.
    starts = [0.5, 0.9, 0.6, 0.8]
    others = []
    for number, start in enumerate(starts):
        trial = standing(number, shifted(-0.001 * number))
        curves = trial.curves.copy()
        curves[:, 0] = start
        others.append(replace(trial, curves=curves))
    slow = standing(9, [], under_way={0: [0.5]}, at_work={0})
    assert not progress(*others, slow).is_hopeless(slow)


def test_a_small_chance_of_many_points_is_worth_a_fold() -> None:
    """Of two trials whose chances are small, the one that would gain points by its own goes on."""

    def behind(luck: float, by: float) -> tuple[float, bool]:
        random = np.random.default_rng(0)
        others = [standing(number, (0.7 + random.normal(0, luck, FOLDS)).tolist()) for number in range(12)]
        trial = standing(19, [0.7 - by])
        here = progress(*others, trial)
        return here.chance_of(trial), here.is_hopeless(trial)

    (small, parks), (as_small, goes_on) = behind(0.004, 0.014), behind(0.12, 0.0)
    assert max(small, as_small) < PARK
    assert parks
    assert not goes_on


def test_trials_that_call_every_row_alike_are_compared_all_the_same() -> None:
    alike = [standing(0, GOOD), *(standing(number, GOOD[:2]) for number in range(1, 6))]
    here = Progress(trials=alike, folds=FOLDS, unbegun=0, rows=12, discordance=lambda *_: 0.0)
    assert all(0 <= chance <= 1 for chance in here.chances.values())
    assert choose_task(here) == NextFold(1, 2)


some_folds = st.lists(st.floats(0.5, 1.0), max_size=FOLDS)
some_trials = st.lists(
    st.tuples(some_folds, st.sets(st.integers(0, FOLDS - 1), max_size=2), st.booleans()), max_size=7
).map(
    lambda made: [
        standing(number, folds, at_work={fold for fold in busy if fold >= len(folds)}, failed=failed)
        for number, (folds, busy, failed) in enumerate(made)
    ]
)


@given(some_trials, st.integers(0, 3), st.randoms())
def test_the_state_decides_and_not_the_order_in_which_it_is_read(
    trials: list[Standing], unbegun: int, random: Random
) -> None:
    before = choose_task(progress(*trials, unbegun=unbegun))
    random.shuffle(trials)
    assert choose_task(progress(*trials, unbegun=unbegun)) == before


@given(some_trials, st.integers(0, 3))
def test_a_task_is_one_that_nobody_has(trials: list[Standing], unbegun: int) -> None:
    here = progress(*trials, unbegun=unbegun)
    task = choose_task(here)
    match task:
        case NextFold(number, fold):
            trial = trials[number]
            assert fold >= trial.finished
            assert fold not in trial.at_work
            assert not trial.failed
            assert not here.is_hopeless(trial)
        case NewConfiguration():
            assert unbegun > 0
        case None:
            assert unbegun == 0
            assert all(one.next_fold is None or here.is_hopeless(one) for one in trials)


def search(workers: int, budget: int, seed: int) -> tuple[list[Task], list[Standing]]:
    """Goes on until nothing is worth doing; each fold ends when its worker's turn comes."""
    random = np.random.default_rng(seed)
    truth = random.normal(0.9, 0.01, (budget, 1)) + random.normal(0, 0.01, (budget, FOLDS))
    done: list[Task] = []
    trials: list[Standing] = []
    hands: list[tuple[int, int]] = []
    while True:
        while len(hands) < workers:
            task = choose_task(progress(*trials, unbegun=budget - len(trials)))
            if task is None:
                break
            done.append(task)
            if isinstance(task, NewConfiguration):
                trials.append(standing(len(trials), []))
            hand = (len(trials) - 1, 0) if isinstance(task, NewConfiguration) else (task.trial, task.fold)
            hands.append(hand)
            trials[hand[0]] = replace(trials[hand[0]], at_work={*trials[hand[0]].at_work, hand[1]})
        if not hands:
            return done, trials
        # In the order of folds within a trial, as the folds of equal length end.
        number, fold = hands.pop(0)
        left = set(trials[number].at_work) - {fold}
        trials[number] = standing(number, truth[number, : fold + 1].tolist(), at_work=left)


@given(st.sampled_from([1, 4, 16, 64]), st.integers(0, 100))
@settings(max_examples=8, deadline=None)
def test_the_budget_is_begun_exactly_and_no_fold_twice(workers: int, seed: int) -> None:
    done, trials = search(workers, 12, seed)
    assert done.count(NewConfiguration()) == 12 == len(trials)
    folds = [task for task in done if isinstance(task, NextFold)]
    assert len(folds) == len(set(folds))
    assert any(trial.complete for trial in trials)
    assert search(workers, 12, seed)[0] == done


def test_most_folds_of_most_trials_are_spared() -> None:
    done, trials = search(1, 30, 3)
    assert len(done) < 0.7 * 30 * FOLDS
    best = max((trial for trial in trials if trial.mean is not None), key=lambda trial: trial.mean or 0)
    assert best.mean is not None
    assert best.mean > 0.905
