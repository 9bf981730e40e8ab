"""How long a best trial was not beaten."""

import datetime
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import FrozenTrial, TrialState, create_trial

from hpo.search.patience import trials_unbeaten

NOON = datetime.datetime(2026, 1, 1, 12)


def trial(number: int, value: float | None, minute: int, state: TrialState = TrialState.COMPLETE) -> FrozenTrial:
    """One that has ended a few minutes after noon."""
    made = create_trial(state=state, value=value)
    made.number, made.datetime_complete = number, NOON + datetime.timedelta(minutes=minute)
    return made


def in_a_row(values: Sequence[float]) -> list[FrozenTrial]:
    return [trial(number, value, number) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "unbeaten"),
    [([], 0), ([0.5], 0), ([0.5, 0.6], 0), ([0.6, 0.5], 1), ([0.6, 0.6, 0.6], 2), ([0.6, 0.5, 0.7, 0.1, 0.2], 2)],
)
def test_trials_that_have_not_beaten_the_best_are_counted(values: list[float], unbeaten: int) -> None:
    assert trials_unbeaten(in_a_row(values)) == unbeaten


def test_nothing_is_to_be_beaten_before_a_trial_is_complete() -> None:
    given_up = [trial(number, 0.9, number, TrialState.PRUNED) for number in range(5)]
    assert trials_unbeaten(given_up) == 0
    assert trials_unbeaten([*given_up, trial(5, 0.1, 5)]) == 0


def test_failed_and_pruned_trials_beat_nothing_and_unfinished_ones_do_not_count() -> None:
    trials = [trial(0, 0.5, 0), trial(1, 0.9, 1, TrialState.PRUNED), trial(2, None, 2, TrialState.FAIL)]
    waiting = create_trial(state=TrialState.WAITING)
    assert trials_unbeaten([*trials, waiting]) == 2


def test_what_is_parked_counts_from_where_it_began() -> None:
    def parked(number: int, minute: int) -> FrozenTrial:
        made = trial(number, None, 0, TrialState.PRUNED)
        made.datetime_start, made.datetime_complete = NOON + datetime.timedelta(minutes=minute), None
        return made

    assert trials_unbeaten([parked(0, 1), trial(1, 0.5, 5), parked(2, 6), parked(3, 7)]) == 2


def test_they_count_in_the_order_in_which_they_ended() -> None:
    # The best has the lowest number, and ended last.
    assert trials_unbeaten([trial(0, 0.9, 30), trial(1, 0.5, 10), trial(2, 0.6, 20)]) == 0
    assert trials_unbeaten([trial(0, 0.5, 30), trial(1, 0.9, 10), trial(2, 0.6, 20)]) == 2


def test_patience_begins_anew_behind_a_number_of_trials() -> None:
    trials = in_a_row([0.9, 0.5, 0.5, 0.5, 0.5])
    assert [trials_unbeaten(trials, since) for since in (0, 1, 3, 5, 9)] == [4, 4, 2, 0, 0]


@given(st.lists(st.floats(0, 1), max_size=12), st.randoms())
def test_whoever_looks_finds_the_same(values: list[float], random) -> None:
    trials = in_a_row(values)
    shuffled = random.sample(trials, len(trials))
    assert trials_unbeaten(shuffled) == trials_unbeaten(trials)
