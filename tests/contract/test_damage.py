"""What a database holds that nobody could have written: it is told, and stops nobody; on every storage."""

import json

import pytest
from optuna.distributions import IntDistribution, distribution_to_json
from optuna.trial import TrialState

from storage.database import stored
from storage.studies import create_study
from storage.trials.heartbeat import Heartbeat
from storage.trials.lease import DEATHS, LEASE
from storage.trials.ledger import TrialChange
from storage.trials.queue import TrialQueue
from storage.trials.stale import StaleWatch

BUDGET = 3


@pytest.fixture(autouse=True)
def _untold() -> None:
    """Each damage is told once in a process, and the storages of these tests number their trials alike."""
    stored._tell.cache_clear()


KEPT = {"worker": "w1", "host": "h", "pid": 7, "device": "cpu", "token": "t", "beat": 3, "fold": None}


@pytest.mark.parametrize(
    "damage",
    [
        *("{", "[" * 100_000, '{"token": "x"}', json.dumps(KEPT | {"renewed_at": 1e300}), "NaN"),
        *(json.dumps(KEPT | change) for change in ({"pid": 10**30}, {"worker": "a\x1b[2J"}, {"worker": "w" * 10**5})),
    ],
)
def test_whatever_stands_as_a_lease_is_nobody_s_and_goes_back(queue, another, worker, write, damage, caplog):
    claim = queue.claim(worker("w1"), BUDGET)
    write("UPDATE trial_user_attributes SET value_json = :damage WHERE key = :key", damage=damage, key=LEASE)
    heartbeat = Heartbeat(queue, claim)
    heartbeat.beat()
    assert heartbeat.lost.is_set()
    now = [0.0]
    watch = StaleWatch(another, lease_timeout_s=60, clock=lambda: now[0])
    taken = watch.sweep(BUDGET)
    for _ in range(2):
        now[0] += 30
        taken += watch.sweep(BUDGET)
    assert taken == [0]
    assert "Trial 0 is put back: its lease cannot be read." in caplog.text
    again = another.claim(worker("w2"), BUDGET)
    another.finish(again, TrialState.COMPLETE, 0.5)
    assert (again.number, another.counts(1).complete) == (0, 1)


def test_a_death_is_recorded_whatever_stands_where_deaths_should(queue, another, worker, write):
    claim = queue.claim(worker("dead"), BUDGET)
    queue.record(claim, TrialChange({DEATHS: []}))
    write("UPDATE trial_user_attributes SET value_json = '[{' WHERE key = :key", key=DEATHS)
    assert StaleWatch(another).release_dead("dead", BUDGET) == [0]
    (death,) = another.storage.get_trial(claim.trial_id).user_attrs[DEATHS]
    assert death["worker"] == "dead"


@pytest.mark.parametrize(
    ("value", "distribution"),
    [
        (1.0, "{"),
        (1.0, '{"name": "OfAnotherVersion", "attributes": {}}'),
        (7.0, '{"name": "CategoricalDistribution", "attributes": {"choices": [1]}}'),
    ],
)
def test_a_trial_that_cannot_be_read_whole_hides_no_other(queue, another, worker, write, value, distribution, url):
    claim = queue.claim(worker(), BUDGET)
    good = (3.0, distribution_to_json(IntDistribution(1, 9)))
    queue.record(claim, TrialChange({"note": 1, "hpo:fold:0": {}}, {"bad": good, "good": good}))
    write("UPDATE trial_params SET param_value = :value, distribution_json = :text WHERE param_name = 'bad'",
          value=value, text=distribution)  # fmt: skip
    write("UPDATE trial_user_attributes SET value_json = '{' WHERE key = 'note'")
    trials = another.storage.get_all_trials(another.study_id)
    assert len(trials) == BUDGET
    assert trials[0].params == {"good": 3}
    assert trials[0].user_attrs["note"] == "{"
    assert another.storage.get_trial(claim.trial_id).params == {"good": 3}
    queue.finish(claim, TrialState.COMPLETE, 0.5)
    assert another.storage.ledger.overview(another.study_id, BUDGET).best_id == claim.trial_id


def test_what_cannot_be_read_is_told_once(postgres_url, open_url, worker, caplog):
    storage = open_url(postgres_url)
    queue = TrialQueue(storage, create_study(storage, "s").study_id)
    claim = queue.claim(worker(), BUDGET)
    queue.record(claim, TrialChange({"note": 1}))
    with storage.inner.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE trial_user_attributes SET value_json = '{' WHERE key = 'note'")
    for _ in range(3):
        storage.get_trial(claim.trial_id)
    assert caplog.text.count("Trial 0: its attribute 'note' cannot be read") == 1
