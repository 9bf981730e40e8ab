"""Which fold is worth training ahead: what is used most likely, and nothing that anybody is at."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.search.helping import AtWork, choose_help
from hpo.search.tasks import NextFold, Progress
from standings import FOLDS, standing

GOOD = [0.93, 0.91, 0.95, 0.92, 0.94]


def at_work(number: int, finished: int = 0, **more) -> AtWork:
    return AtWork(number=number, finished=finished, folds=FOLDS, **more)


def progress(*folds: list[float]) -> Progress:
    """Of trials that are at work, whose finished folds came to this."""
    trials = [standing(number, one, at_work=range(FOLDS)) for number, one in enumerate(folds)]
    return Progress(trials=trials, folds=FOLDS, unbegun=9, rows=250)


@pytest.mark.parametrize(
    ("trial", "free"),
    [
        (at_work(0), [1, 2, 3, 4]),
        (at_work(0, 3), [4]),
        (at_work(0, 4), []),
        (at_work(0, 1, taken={1, 3}), [4]),
        (at_work(0, 1, taken={1, 3}, is_ahead=True), [2, 4]),
        (at_work(0, 1, taken={1, 2, 3, 4}), []),
        (at_work(0, 5), []),
    ],
)
def test_who_holds_a_trial_takes_its_first_fold_that_nobody_has_taken(trial: AtWork, free: list[int]) -> None:
    assert trial.free == free


def test_where_nobody_parks_helpers_spread_over_the_trials_that_have_most_left() -> None:
    taken: dict[int, set[int]] = {3: set(), 5: set()}
    chosen = []
    while task := choose_help([at_work(3, 2, taken=taken[3]), at_work(5, 0, taken=taken[5])], None):
        taken[task.trial].add(task.fold)
        chosen.append((task.trial, task.fold))
    assert chosen == [(5, 1), (5, 2), (3, 3), (5, 3), (3, 4), (5, 4)]


def test_where_trials_are_parked_the_likely_leader_is_helped_and_the_hopeless_is_not() -> None:
    here = progress(GOOD[:3], [accuracy - 0.2 for accuracy in GOOD[:2]])
    assert choose_help([at_work(0, 3), at_work(1, 2)], here) == NextFold(0, 4)
    assert choose_help([at_work(1, 2)], here) is None
    assert choose_help([at_work(0, 3, taken={4}), at_work(1, 2)], here) is None


def test_what_goes_on_to_its_end_whatever_it_comes_to_is_helped_first() -> None:
    here = progress(GOOD[:3], [accuracy - 0.2 for accuracy in GOOD[:2]])
    assert choose_help([at_work(0, 3), at_work(1, 2, is_sure=True)], here) == NextFold(1, 3)


def test_second_folds_are_trained_ahead_before_anything_is_known() -> None:
    assert choose_help([at_work(0), at_work(1)], progress([], [])) == NextFold(0, 1)
    assert choose_help([at_work(0, taken={1}), at_work(1)], progress([], [])) == NextFold(1, 1)


some_trials = st.lists(
    st.builds(
        at_work,
        number=st.integers(0, 3),
        finished=st.integers(0, FOLDS),
        taken=st.sets(st.integers(0, FOLDS - 1)),
        is_ahead=st.booleans(),
        is_sure=st.booleans(),
    ),
    unique_by=lambda one: one.number,
)


@given(some_trials, st.booleans(), st.randoms())
@settings(max_examples=40)
def test_a_fold_is_one_that_nobody_is_at_and_the_order_decides_nothing(trials, by_chance: bool, random) -> None:
    finished = {one.number: one.finished for one in trials}
    here = progress(*(GOOD[: finished.get(number, 1)] for number in range(4))) if by_chance else None
    task = choose_help(trials, here)
    if task is None:
        assert by_chance or not any(one.free for one in trials)
    else:
        assert task.fold in next(one for one in trials if one.number == task.trial).free
    random.shuffle(trials)
    assert choose_help(trials, here) == task
