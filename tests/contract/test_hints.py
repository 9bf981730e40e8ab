"""Who trains a fold ahead: written by compare-and-set, without a lease, on every storage."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from optuna.trial import TrialState

from storage.studies import create_study
from storage.trials.lease import lease_of
from storage.trials.ledger import CONFIG_KEY, StoredHint, TrialChange
from storage.trials.queue import TrialQueue

KEY = "hpo:ahead:2"


@pytest.fixture
def claim(queue, worker):
    return queue.claim(worker(), 3)


def stands(queue: TrialQueue, trial_id: int) -> object:
    return queue.storage.get_trial(trial_id).user_attrs.get(KEY)


def test_what_was_seen_is_replaced_and_nothing_else(queue, another, claim):
    ledger, trial = another.storage.ledger, claim.trial_id
    one, two = {"worker": "one", "at": 1.5}, {"worker": "two", "at": None}
    assert ledger.set_hint(trial, 2, None, one)
    assert not ledger.set_hint(trial, 2, None, two)
    assert stands(queue, trial) == one
    # Sent again, since its answer was lost.
    assert ledger.set_hint(trial, 2, None, one)
    assert ledger.set_hint(trial, 2, one, two)
    assert ledger.set_hint(trial, 2, two, None)
    assert stands(queue, trial) is None
    assert ledger.set_hint(trial, 2, None, one)
    assert lease_of(queue.storage.get_trial(trial)) == claim.lease
    queue.record(claim, TrialChange({"x": 1}))


def test_one_that_waits_may_be_written_to_and_one_that_has_ended_may_not(queue, another, claim):
    ledger, trial = another.storage.ledger, claim.trial_id
    queue.record(claim, TrialChange({CONFIG_KEY: {}}))
    queue.put_back(claim)
    assert ledger.set_hint(trial, 2, None, {"worker": "one"})
    queue.finish(queue.claim(claim.lease.identity, 3), TrialState.COMPLETE, 0.5)
    assert not ledger.set_hint(trial, 2, {"worker": "one"}, {"worker": "two"})
    assert not ledger.set_hint(trial + 1000, 2, None, {"worker": "one"})
    assert stands(queue, trial) == {"worker": "one"}


@pytest.mark.parametrize("garbage", ["{broken", "NaN", "[1e999]"])
def test_garbage_is_replaced_like_anything_else(queue, claim, write, garbage):
    insert = "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (:trial, :key, :garbage)"
    write(insert, trial=claim.trial_id, key=KEY, garbage=garbage)
    seen = stands(queue, claim.trial_id)
    assert seen is not None
    assert queue.storage.ledger.set_hint(claim.trial_id, 2, seen, {"worker": "one"})
    assert stands(queue, claim.trial_id) == {"worker": "one"}


def test_those_of_one_trial_are_read_by_fold(queue, worker, claim):
    ledger, other = queue.storage.ledger, queue.claim(worker(), 3)
    for trial, fold, told in (
        (claim.trial_id, 11, {"a": 1.5}),
        (other.trial_id, 0, {"b": 2}),
        (claim.trial_id, 3, None),
    ):
        assert ledger.set_hint(trial, fold, None, told)
    assert ledger.hints_in(claim.trial_id) == {11: {"a": 1.5}}
    assert ledger.hints_in(claim.trial_id + 1000) == {}


def test_those_of_running_trials_are_listed(queue, worker, claim):
    other = queue.claim(worker(), 3)
    ledger = queue.storage.ledger
    for trial, fold, told in ((claim.trial_id, 11, {"a": 1}), (other.trial_id, 0, {"b": 2}), (claim.trial_id, 3, None)):
        assert ledger.set_hint(trial, fold, None, told)
    queue.put_back(other)
    assert ledger.overview(queue.study_id, 3).hints == [StoredHint(claim.trial_id, claim.number, 11, '{"a": 1}')]


@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
def test_of_many_at_once_one_has_it(kind, request, open_url, worker):
    study = create_study(open_url(request.getfixturevalue(kind)), "s")
    queues = [TrialQueue(open_url(request.getfixturevalue(kind)), study.study_id) for _ in range(6)]
    claim = queues[0].claim(worker(), 1)
    with ThreadPoolExecutor(len(queues)) as pool:
        for fold in range(5):
            told = [{"worker": name} for name in range(len(queues))]
            set_hint = [queue.storage.ledger.set_hint for queue in queues]
            won = list(pool.map(lambda send, one, fold=fold: send(claim.trial_id, fold, None, one), set_hint, told))
            assert sum(won) == 1
            assert queues[0].storage.get_trial(claim.trial_id).user_attrs[f"hpo:ahead:{fold}"] == told[won.index(True)]
