"""The order of claims, and that the budget holds under any course of events."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState

from storage.errors import LeaseLostError
from storage.leases import StaleWatch, WorkerIdentity
from storage.queue import QueueCounts, TrialQueue

ME = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")


def make_queue(seed: int = 0, **options) -> TrialQueue:
    storage = InMemoryStorage()
    study_id = storage.create_new_study([StudyDirection.MAXIMIZE], "s")
    return TrialQueue(storage, study_id, rng=random.Random(seed), **options)


def test_a_worker_alone_takes_the_lowest_number_whatever_the_seed():
    for seed in range(5):
        queue = make_queue(seed)
        for expected in range(4):
            claim = queue.claim(ME, 10)
            assert claim.number == expected
            queue.finish(claim, TrialState.COMPLETE, 0.5)


def test_trials_with_folds_go_before_new_ones():
    queue = make_queue()
    claims = [queue.claim(ME, 10) for _ in range(3)]
    last = max(claims, key=lambda claim: claim.number)
    queue.record(last, "hpo:fold:0", {})
    for claim in claims:
        queue.put_back(claim)
    assert queue.claim(ME, 10).number == last.number


def test_many_that_look_at_once_choose_differently():
    """When all try the first in the list, two of three tries are lost races."""
    queue = make_queue()
    for _ in range(50):
        queue.claim(ME, 1000)
    waiting, running = queue._listing(1000)
    firsts = {queue._choices(list(waiting), running)[0].number for _ in range(200)}
    assert len(firsts) > 10


def test_a_lost_race_is_followed_by_another_try():
    queue = make_queue()
    queue.fill(10)
    take = queue.storage.set_trial_state_values
    lost = iter(range(9))

    def others_are_faster(trial_id, state, values=None):
        if next(lost, None) is not None:
            assert take(trial_id, state, values)
        return take(trial_id, state, values)

    queue.storage.set_trial_state_values = others_are_faster
    assert queue.claim(ME, 10) is not None
    assert queue.counts(10) == QueueCounts(10, running=10)


def test_the_window_grows_with_the_workers():
    queue = make_queue(window=2)
    for _ in range(20):
        queue.claim(ME, 1000)
    assert queue.counts(1000).waiting >= 5


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


EVENTS = st.lists(
    st.sampled_from(["claim", "finish", "prune", "fail", "put back", "die", "late", "extend"]), max_size=60
)


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(0, 2**32))
def test_the_budget_is_exact_whatever_happens(events, seed):
    """Any course of events, then work until nothing is left: each trial of the budget is finished, and no other."""
    queue, budget, held, dead = make_queue(seed, window=3), 4, [], []
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
