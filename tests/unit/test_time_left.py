"""The time left is told from the work of folds: pauses, and whatever the clock did meanwhile, take no part in it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text

from hpo.study.opened import OpenedStudy
from hpo.study.status import read_status
from hpo.study.time_left import finalize_seconds, seconds_left, work_left
from storage.trials.lease import StoredLease, WorkerIdentity
from storage.trials.ledger import Overview, QueueCounts, RunningTrial


def records(*seconds: float) -> list[str]:
    return [
        json.dumps({"fold": row % 5, "artifact": "a", "epochs": 3, "seconds": taken})
        for row, taken in enumerate(seconds)
    ]


def overview(
    taken: Sequence[str], *, budget: int = 10, complete: int = 0, pruned: int = 0, running: int = 1, folds: int = 0
) -> Overview:
    return Overview(
        counts=QueueCounts(budget, complete=complete, pruned=pruned, running=running),
        running=[RunningTrial(number, number, None, StoredLease(None), []) for number in range(running)],
        best_id=None,
        folds=folds,
        folds_of_pruned=2 * pruned,
        last_folds=list(taken),
    )


def test_it_is_the_work_that_is_left_over_those_who_work() -> None:
    # Of ten trials of five folds six are complete; the one at work has two folds.
    at_work = overview(records(*[2.0] * 32), complete=6, folds=32)
    assert seconds_left(at_work, 5) == (4 * 5 - 2) * 2.0
    two = overview(records(*[2.0] * 32), complete=6, folds=32, running=2)
    assert seconds_left(two, 5) == (4 * 5 - 2) * 2.0 / 2


def test_trials_that_are_pruned_count_for_the_folds_that_they_had() -> None:
    # Half of the trials had five folds, half of them two.
    assert seconds_left(overview(records(*[1.0] * 14), complete=2, pruned=2, folds=14), 5) == 6 * 3.5


def test_trials_that_are_parked_count_as_what_they_most_likely_are() -> None:
    # Two had five folds; of four that wait none is expected to go on after its one.
    parked = replace(overview(records(*[1.0] * 14), complete=2, folds=14), parked=4, folds_of_parked=4)
    assert seconds_left(parked, 5) == pytest.approx((10 - 2 - 4) * 14 / 6, abs=0.1)


def test_a_slow_first_fold_of_a_process_promises_no_slow_search() -> None:
    told = seconds_left(overview(records(*[0.04] * 9, 3.3), complete=2, folds=10), 5)
    assert told is not None
    assert told < 2 * 40 * 0.04


@pytest.mark.parametrize("taken", [[], records(3.0, 1.0), ["null", "[]", "not JSON", '{"seconds": 1e999}']])
def test_too_few_folds_tell_nothing(taken: list[str]) -> None:
    assert seconds_left(overview(taken, folds=len(taken)), 5) is None


def test_nobody_who_works_ends_at_no_time() -> None:
    nobody = overview(records(*[1.0] * 10), complete=2, running=0, folds=10)
    assert seconds_left(nobody, 5) is None
    # How much there is to do is known all the same: a search that goes on says it before it begins.
    assert work_left(nobody, 5) == 40.0


def test_a_damaged_count_is_no_negative_time() -> None:
    assert seconds_left(overview(records(*[1.0] * 99), complete=9, folds=99), 5) == 0.0


def test_finalize_takes_about_what_the_best_trial_took() -> None:
    assert finalize_seconds([], 1000) is None
    long, short = finalize_seconds([600.0] * 5, 1000), finalize_seconds([0.1] * 5, 1000)
    assert long is not None
    assert short is not None
    assert 3000 <= long < 3060
    assert 1 < short < 30


def test_finalize_compares_with_regressions_that_take_minutes_on_many_genes() -> None:
    few, many = finalize_seconds([1.0] * 5, 1_000), finalize_seconds([1.0] * 5, 80_000)
    assert few is not None
    assert many is not None
    assert few < 20
    assert 90 < many < 400


def test_a_night_between_two_folds_makes_nothing_longer(opened: Callable[[], OpenedStudy]) -> None:
    study = opened()
    claim = study.queue.claim(WorkerIdentity(worker="w", host="laptop", pid=1, device="cpu"), 3)
    assert claim is not None
    for fold, record in enumerate(records(2.0, 2.0, 2.0)):
        study.storage.set_trial_user_attr(claim.trial_id, f"hpo:fold:{fold}", json.loads(record))
    with study.storage.inner.engine.begin() as connection:
        connection.execute(text("update trials set datetime_start = '2020-01-01 00:00:00'"))
    status = read_status(opened())
    assert (status.seconds_left, status.folds_trained) == (2.0 * (15 - 3), 3)
