"""What the trials of a study tell of the cost of pruning, whatever stands in them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from hpo.evaluation.pruning_cost import Audited
from hpo.search.audit import Draw
from hpo.study.audits import AUDIT, as_stored, draw_of, is_audited, tally

COMPLETE, PRUNED, FAIL, RUNNING = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING
AUDITED = as_stored(Draw(chance=0.01, probability=0.08, audited=True))
SPARED = AUDITED | {"audited": False}


def trial(number: int, state: TrialState, value: float | None = None, drawn: Any = None) -> FrozenTrial:
    attributes = {} if drawn is None else {AUDIT: drawn}
    made = create_trial(state=state, value=value, user_attrs=attributes)
    made.number, began = number, datetime(2026, 1, 1)
    made.datetime_start = began
    made.datetime_complete = began + timedelta(minutes=number) if state.is_finished() else None
    return made


def test_what_was_audited_is_compared_with_the_best_that_was_not() -> None:
    told = tally(
        [
            trial(0, COMPLETE, 0.8),
            trial(1, COMPLETE, 0.85),
            trial(2, COMPLETE, 0.84),
            trial(3, COMPLETE, 0.9),
            trial(4, PRUNED, 0.5, SPARED),
            trial(5, COMPLETE, 0.93, AUDITED),
            trial(6, COMPLETE, 0.95, AUDITED),
            trial(7, COMPLETE, 0.7, AUDITED),
            trial(8, FAIL, None, AUDITED),
            trial(9, RUNNING, None, AUDITED),
        ]
    )
    assert (told.given_up, told.under_way) == (5, 1)
    assert told.audits == tuple(Audited(0.08, pytest.approx(gain)) for gain in (0.03, 0.05, 0.0, 0.0))
    # The first complete trial had nothing to beat.
    assert told.gains == (pytest.approx(0.05), pytest.approx(0.05))


def test_trials_that_nobody_drew_for_are_not_counted_as_given_up() -> None:
    assert tally([trial(0, COMPLETE, 0.8), trial(1, PRUNED, 0.5)]).given_up == 0


def test_an_audit_that_somebody_ended_tells_nothing_and_was_given_up() -> None:
    told = tally([trial(0, COMPLETE, 0.8), trial(1, PRUNED, 0.5, AUDITED)])
    assert (told.given_up, told.audits, told.under_way) == (1, (), 0)


def test_without_another_complete_trial_an_audit_has_nothing_to_beat() -> None:
    told = tally([trial(0, COMPLETE, 0.8, AUDITED), trial(1, PRUNED, 0.5, SPARED)])
    assert (told.given_up, told.audits) == (1, ())


@pytest.mark.parametrize(
    "stored",
    [None, 3, "yes", [], {}, AUDITED | {"probability": 0}, AUDITED | {"probability": 1e-300}, AUDITED | {"chance": 2},
     AUDITED | {"probability": float("nan")}, {"audited": True}],
)  # fmt: skip
def test_what_cannot_be_read_is_no_draw(stored: Any) -> None:
    assert draw_of({AUDIT: stored}) is None
    assert not is_audited({AUDIT: stored})


def test_a_draw_is_read_as_it_was_written() -> None:
    drawn = Draw(chance=0.0312, probability=0.1032, audited=True)
    assert draw_of({AUDIT: as_stored(drawn)}) == drawn
