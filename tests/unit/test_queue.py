"""The order of claims, and that the budget holds under any course of events."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState
from sqlalchemy import create_engine

from storage.database.cached import CachedDatabase
from storage.database.rdb import Database
from storage.database.tables import make_tables
from storage.database.transactions import DatabaseLedger
from storage.errors import LeaseLostError
from storage.retry import RetryPolicy
from storage.retrying_storage import RetryingStorage
from storage.studies import create_study, study_names
from storage.trials.lease import WorkerIdentity
from storage.trials.ledger import TrialChange
from storage.trials.queue import TrialQueue
from storage.trials.stale import StaleWatch

ME = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")


@pytest.fixture
def storage() -> Iterator[RetryingStorage]:
    """A storage in memory, which only this thread sees."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        make_tables(connection)
    yield RetryingStorage(CachedDatabase(Database(engine)), DatabaseLedger(engine), "memory", RetryPolicy())
    engine.dispose()


def make_queue(storage: RetryingStorage, **options) -> TrialQueue:
    return TrialQueue(storage, create_study(storage, f"s{len(study_names(storage))}").study_id, **options)


def test_a_worker_alone_takes_the_lowest_number(storage):
    queue = make_queue(storage)
    for expected in range(4):
        claim = queue.claim(ME, 10)
        assert claim.number == expected
        queue.finish(claim, TrialState.COMPLETE, 0.5)


def test_trials_with_folds_go_before_new_ones(storage):
    queue = make_queue(storage)
    claims = [queue.claim(ME, 10) for _ in range(3)]
    queue.record(claims[-1], TrialChange({"hpo:fold:0": {}}))
    for claim in claims:
        queue.put_back(claim)
    assert queue.claim(ME, 10).number == claims[-1].number


def test_the_window_grows_with_the_workers(storage):
    queue = make_queue(storage, window=2)
    for _ in range(20):
        queue.claim(ME, 1000)
    assert queue.counts(1000).waiting >= 5


def test_a_trial_that_others_are_about_to_take_is_not_waited_for_for_ever(storage, monkeypatch):
    """One waits, but is locked: by a claimer whose network broke, for as long as the server takes to notice."""
    queue = make_queue(storage)
    tries = []
    monkeypatch.setattr(storage.ledger, "claim_trial", lambda *arguments, **named: tries.append(arguments))
    assert queue.claim(ME, 10) is None
    assert 1 < len(tries) < 100


EVENTS = st.lists(
    st.sampled_from(["claim", "finish", "prune", "fail", "put back", "die", "late", "extend"]), max_size=60
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS)
def test_the_budget_is_exact_whatever_happens(storage, events):
    """Any course of events, then work until nothing is left: each trial of the budget is finished, and no other."""
    queue, budget, held, dead = make_queue(storage, window=3), 4, [], []
    watch = StaleWatch(queue, max_deaths=10**6)
    ends = {"finish": TrialState.COMPLETE, "prune": TrialState.PRUNED, "fail": TrialState.FAIL}
    for event in events:
        if event == "extend":
            budget += 1
        elif event == "claim":
            held += filter(None, [queue.claim(ME, budget)])
        elif event == "late" and dead:
            with pytest.raises(LeaseLostError):
                queue.finish(dead.pop(), TrialState.COMPLETE, 0.5)
        elif held and event in ends:
            queue.finish(held.pop(), ends[event], 0.5)
        elif held and event == "put back":
            queue.put_back(held.pop())
        elif held and event == "die":
            dead += held
            watch.release_dead(ME.worker, budget)
            held = []
    watch.release_dead(ME.worker, budget)
    while claim := queue.claim(ME, budget):
        queue.finish(claim, TrialState.COMPLETE, 0.5)
    counts = queue.counts(budget)
    assert counts.is_spent
    assert counts.finished == budget
    above = [trial for trial in queue.storage.get_all_trials(queue.study_id) if trial.number >= budget]
    assert above == []
