"""The exact budget: every trial claimed once, however many claim, on every storage."""

import json
from itertools import chain

import optuna
import pytest
from optuna.trial import TrialState

from storage.errors import LeaseLostError
from storage.leases import LEASE, REASON, lease_of
from storage.queue import QueueCounts, TrialQueue


def numbers(queue: TrialQueue) -> list[int]:
    return [trial.number for trial in queue.storage.get_all_trials(queue.study_id)]


def test_a_worker_alone_gets_the_numbers_in_order_and_no_more(queue, worker):
    claims = []
    while claim := queue.claim(worker(), 5):
        claims.append(claim.number)
        queue.finish(claim, TrialState.COMPLETE, 0.5)
    assert claims == [0, 1, 2, 3, 4]
    assert queue.counts(5) == QueueCounts(5, complete=5)
    assert queue.counts(5).is_spent


def test_the_claim_is_the_first_beat(queue, another, worker):
    claim = queue.claim(worker("w7"), 3)
    trial = another.storage.get_trial(claim.trial_id)
    assert trial.state == TrialState.RUNNING
    assert lease_of(trial) == claim.lease
    assert (claim.lease.worker, claim.lease.beat, claim.lease.fold) == ("w7", 0, None)


def test_trials_are_made_late(study, worker):
    queue = TrialQueue(study.storage, study.study_id, window=4)
    queue.fill(1000)
    assert numbers(queue) == [0, 1, 2, 3]
    for _ in range(3):
        queue.claim(worker(), 1000)
    assert len(numbers(queue)) <= 3 + 2 * 4


def test_two_that_fill_at_once_stay_within_the_budget(queue, another):
    queue.fill(6)
    another.fill(6)
    assert numbers(queue) == list(range(6))


def test_a_trial_above_the_budget_waits_for_it_to_grow(queue, another, worker):
    another.fill(4)
    assert [queue.claim(worker(), 2).number for _ in range(2)] in ([0, 1], [1, 0])
    assert queue.claim(worker(), 2) is None
    assert queue.counts(2) == QueueCounts(2, running=2)
    assert queue.claim(worker(), 4).number in (2, 3)


def test_the_first_trial_carries_fixed_params(queue, study, worker):
    queue.enqueue_first({"x": 0.25})
    queue.enqueue_first({"x": 0.75})
    claim = queue.claim(worker(), 3)
    trial = optuna.trial.Trial(optuna.load_study(study_name=study.name, storage=study.storage), claim.trial_id)
    assert (claim.number, trial.suggest_float("x", 0, 1)) == (0, 0.25)
    assert numbers(queue) == [0, 1, 2]


def test_a_trial_put_back_keeps_what_it_has_and_goes_first(queue, another, study, worker):
    first, second = queue.claim(worker(), 9), queue.claim(worker(), 9)
    optuna_study = optuna.load_study(study_name=study.name, storage=study.storage)
    x = optuna.trial.Trial(optuna_study, second.trial_id).suggest_float("x", 0, 1)
    queue.record(second, "hpo:fold:0", {"accuracy": 0.75})
    queue.finish(first, TrialState.PRUNED, 0.25)
    queue.put_back(second)
    assert another.counts(9) == QueueCounts(9, pruned=1, waiting=8)

    again = another.claim(worker("w2"), 9)
    trial = another.storage.get_trial(again.trial_id)
    assert again.number == second.number
    assert trial.params == {"x": x}
    assert trial.user_attrs["hpo:fold:0"] == {"accuracy": 0.75}
    resumed = optuna.trial.Trial(optuna.load_study(study_name=study.name, storage=another.storage), again.trial_id)
    assert resumed.suggest_float("x", 0, 1) == x


@pytest.mark.parametrize("state", [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL])
def test_a_trial_ends_in_each_state_with_value_and_reason(queue, another, worker, state):
    claim = queue.claim(worker(), 2)
    value = None if state == TrialState.FAIL else 0.875
    queue.finish(claim, state, value, reason="because")
    trial = another.storage.get_trial(claim.trial_id)
    assert (trial.state, trial.value, trial.user_attrs[REASON]) == (state, value, "because")
    assert another.counts(2).finished == 1


def test_a_late_result_is_dropped_whatever_became_of_the_trial(queue, another, worker):
    """The trap: telling a trial that others have ended kills Optuna's worker."""
    ended = queue.claim(worker(), 3)
    another.storage.set_trial_state_values(ended.trial_id, TrialState.FAIL)
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        queue.storage.set_trial_state_values(ended.trial_id, TrialState.COMPLETE, [0.5])

    waiting = queue.claim(worker(), 3)
    another.put_back(waiting)

    elsewhere = queue.claim(worker(), 3)
    another.put_back(elsewhere)
    while another.claim(worker("w2"), 3):
        pass
    for claim in (ended, waiting, elsewhere):
        for late in (
            lambda claim: queue.finish(claim, TrialState.COMPLETE, 0.5),
            lambda claim: queue.record(claim, "hpo:fold:0", {}),
            queue.put_back,
        ):
            with pytest.raises(LeaseLostError, match=f"Trial {claim.number} "):
                late(claim)
    assert queue.counts(3) == QueueCounts(3, failed=1, running=2)


def test_an_answer_that_was_lost_is_no_lost_lease(queue, worker):
    """The storage ended the trial, the connection broke, and the call was sent again."""
    claim = queue.claim(worker(), 2)
    inner = queue.storage.inner
    end = inner.set_trial_state_values

    def end_twice(trial_id, state, values=None):
        end(trial_id, state, values)
        return end(trial_id, state, values)

    inner.set_trial_state_values = end_twice
    queue.finish(claim, TrialState.COMPLETE, 0.5)
    assert queue.counts(2).complete == 1


def test_processes_that_claim_at_once_share_the_budget_exactly(url, study, queue, processes, eventually):
    """The trap: as Optuna opens SQLite, four processes claimed 60 trials 75 times."""
    budget, names = 40, ["w1", "w2", "w3"]
    running = [processes(url, name, budget) for name in names]
    eventually(lambda: all(study.get(f"ready:{name}") for name in names))
    study.set("go", True)
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(names)
    claimed = [json.loads(output) for output in outputs]
    assert sorted(chain.from_iterable(claimed)) == list(range(budget))
    assert queue.counts(budget) == QueueCounts(budget, complete=budget)
    trials = queue.storage.get_all_trials(queue.study_id)
    assert all(trial.value == trial.number / budget for trial in trials if trial.number < budget)
    # Above the budget: at most one by each filler, and nobody has touched it.
    above = [trial for trial in trials if trial.number >= budget]
    assert len(above) <= len(names)
    assert all(trial.state == TrialState.WAITING and LEASE not in trial.user_attrs for trial in above)
