"""The exact budget: every trial claimed once, however many claim, on every storage."""

from concurrent.futures import ThreadPoolExecutor

import optuna
import psycopg
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution, distribution_to_json
from optuna.trial import TrialState
from sqlalchemy.exc import OperationalError

from storage.errors import LeaseLostError
from storage.trials.lease import DEATHS, REASON, lease_of
from storage.trials.ledger import QueueCounts, TrialChange
from storage.trials.queue import TrialQueue
from storage.trials.stale import StaleWatch
from trial_numbers import numbers


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
    queue.claim(worker(), 1000)
    assert numbers(queue) == [0, 1, 2, 3]
    for _ in range(4):
        queue.claim(worker(), 1000)
    assert numbers(queue) == list(range(8))


def test_two_that_make_trials_at_once_stay_within_the_budget(queue, another, study):
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda each: each.storage.ledger.make_trials(study.study_id, 6, 16), (queue, another))
    assert list(made) == [True, True]
    assert numbers(queue) == list(range(6))
    assert queue.counts(6) == QueueCounts(6, waiting=6)


def test_a_trial_above_the_budget_waits_for_it_to_grow(queue, another, study, worker):
    another.storage.ledger.make_trials(study.study_id, 4, 16)
    assert [queue.claim(worker(), 2).number for _ in range(2)] == [0, 1]
    assert queue.claim(worker(), 2) is None
    assert queue.counts(2) == QueueCounts(2, running=2)
    assert queue.claim(worker(), 4).number == 2


def test_trials_are_made_in_a_study_that_is_there(queue):
    with pytest.raises(KeyError):
        queue.storage.ledger.make_trials(10**6, 4, 16)


def test_the_first_trials_carry_fixed_params_and_are_made_once(queue, study, worker):
    queue.enqueue_first([{"x": 0.25}])
    queue.enqueue_first([{"x": 0.75}, {"x": 0.5}])
    queue.enqueue_first([{"x": 0.75}], [{"hpo:origin": "lost"}])
    second = queue.storage.get_all_trials(study.study_id)[1]
    assert second.system_attrs["fixed_params"] == {"x": 0.5}
    claim = queue.claim(worker(), 3)
    trial = optuna.trial.Trial(optuna.load_study(study_name=study.name, storage=study.storage), claim.trial_id)
    assert (claim.number, trial.suggest_float("x", 0, 1)) == (0, 0.25)
    assert numbers(queue) == [0, 1]
    assert queue.claim(worker(), 3).number == 1


def test_the_first_trials_carry_attributes(queue, study):
    queue.enqueue_first([{"x": 0.25}, {"x": 0.5}], [{}, {"hpo:origin": {"record": 2}}])
    assert [one.user_attrs for one in queue.storage.get_all_trials(study.study_id)] == [
        {},
        {"hpo:origin": {"record": 2}},
    ]


def test_a_trial_put_back_keeps_what_it_has_and_goes_first(queue, another, study, worker):
    first, second = queue.claim(worker(), 9), queue.claim(worker(), 9)
    optuna_study = optuna.load_study(study_name=study.name, storage=study.storage)
    x = optuna.trial.Trial(optuna_study, second.trial_id).suggest_float("x", 0, 1)
    queue.record(second, TrialChange({"hpo:fold:0": {"accuracy": 0.75}}))
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


def test_what_is_recorded_reads_as_if_optuna_had_written_it(queue, another, study, worker):
    """Parameters, intermediate values and attributes in one transaction, once more, and beside Optuna's own way."""
    ours, theirs = queue.claim(worker(), 9), queue.claim(worker(), 9)
    width, kind = IntDistribution(1, 64, log=True), CategoricalDistribution(("max", "mean"))
    params = {"width": (16.0, distribution_to_json(width)), "kind": (1.0, distribution_to_json(kind))}
    for value in (0.5, 0.75):
        queue.record(ours, TrialChange({"curve": [value]}, params, {0: value, 1: float("inf")}))
    for name, (value, distribution) in {"width": (16.0, width), "kind": (1.0, kind)}.items():
        queue.storage.set_trial_param(theirs.trial_id, name, value, distribution)
    for step, value in {0: 0.75, 1: float("inf")}.items():
        queue.storage.set_trial_intermediate_value(theirs.trial_id, step, value)
    one, other = (another.storage.get_trial(claim.trial_id) for claim in (ours, theirs))
    assert (one.params, one.distributions) == (other.params, other.distributions)
    assert one.params == {"width": 16, "kind": "mean"}
    assert one.intermediate_values == other.intermediate_values == {0: 0.75, 1: float("inf")}
    assert one.user_attrs["curve"] == [0.75]


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
            lambda claim: queue.record(claim, TrialChange({"hpo:fold:0": {}})),
            lambda claim: queue.record(claim, TrialChange(params={"x": (0.5, "{}")}, steps={0: 0.5})),
            queue.put_back,
        ):
            with pytest.raises(LeaseLostError, match=f"Trial {claim.number} "):
                late(claim)
    assert queue.counts(3) == QueueCounts(3, failed=1, running=2)


def test_an_answer_that_was_lost_is_no_lost_lease(queue, worker):
    """The storage ended the trial, the connection broke, and the call was sent again."""
    claim = queue.claim(worker(), 2)
    inner = queue.storage.inner_ledger
    change = inner.change_trial

    def change_twice(**arguments):
        change(**arguments)
        return change(**arguments)

    inner.change_trial = change_twice
    queue.finish(claim, TrialState.COMPLETE, 0.5)
    assert queue.counts(2).complete == 1


def test_a_claim_whose_answer_was_lost_is_found_again(queue, another, worker):
    """The storage gave the trial away, the connection broke, and the call was sent again."""
    inner, broken = queue.storage.inner_ledger, iter([True])
    claim_trial = inner.claim_trial

    def lose_the_first_answer(**arguments):
        claimed = claim_trial(**arguments)
        if next(broken, False):
            raise OperationalError("COMMIT", {}, psycopg.OperationalError("server closed the connection"))
        return claimed

    another.claim(worker("w0"), 3)
    inner.claim_trial = lose_the_first_answer
    claims = [queue.claim(worker(), 3) for _ in range(2)]
    assert [claim.number for claim in claims] == [1, 2]
    assert another.counts(3) == QueueCounts(3, running=3)


def test_a_death_that_is_told_twice_is_counted_once(queue, another, worker, monkeypatch):
    """The storage took the trial back, the connection broke, and the call was sent again."""
    queue.claim(worker("dead"), 1)
    inner = another.storage.inner_ledger
    change = inner.change_trial

    def change_twice(**arguments):
        change(**arguments)
        return change(**arguments)

    monkeypatch.setattr(inner, "change_trial", change_twice)
    StaleWatch(another).release_dead("dead", 1)
    (trial,) = queue.storage.get_all_trials(queue.study_id)
    assert (trial.state, len(trial.user_attrs[DEATHS])) == (TrialState.WAITING, 1)
