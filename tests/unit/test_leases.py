"""The lease as a value, and a heartbeat whose storage fails."""

import json
import threading
from collections.abc import Iterator

import pytest
from optuna.trial import create_trial
from sqlalchemy import Engine, create_engine

from storage.database.cached import CachedDatabase
from storage.database.rdb import Database
from storage.database.tables import make_tables
from storage.database.transactions import DatabaseLedger
from storage.retry import RetryPolicy
from storage.retrying_storage import RetryingStorage
from storage.studies import create_study
from storage.trials.heartbeat import Heartbeat
from storage.trials.lease import LEASE, Death, Lease, StoredLease, WorkerIdentity, lease_of, read_deaths
from storage.trials.queue import TrialQueue

ME = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")


class Hiccups(DatabaseLedger):
    """Fails for a while, in a way that no policy foresees."""

    failures_left = 0

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.recovered = threading.Event()

    def change_trial(self, trial_id, held, change):
        if self.failures_left:
            self.failures_left -= 1
            raise RuntimeError("hiccup")
        changed = super().change_trial(trial_id, held, change)
        self.recovered.set()
        return changed


@pytest.fixture
def queue(tmp_path) -> Iterator[TrialQueue]:
    engine = create_engine(f"sqlite:///{tmp_path}/hpo.db")
    with engine.begin() as connection:
        make_tables(connection)
    storage = RetryingStorage(CachedDatabase(Database(engine)), Hiccups(engine), "file", RetryPolicy())
    yield TrialQueue(storage, create_study(storage, "s").study_id)
    engine.dispose()


LEASE_AS_KEPT = {"worker": "w1", "host": "h", "pid": 7, "device": "cuda:0", "token": "t", "beat": 3}
LEASE_AS_KEPT |= {"fold": None, "renewed_at": 1.5}
LEASE_READ = Lease(worker="w1", host="h", pid=7, device="cuda:0", token="t", beat=3, fold=None, renewed_at=1.5)
DEATH_AS_KEPT = {"worker": "w1", "when": "2026-01-02T03:04:05+00:00", "fold": 2, "token": "t", "how": "killed"}


def test_a_lease_is_read_as_it_was_kept():
    assert StoredLease(json.dumps(LEASE_AS_KEPT)).lease == LEASE_READ
    assert lease_of(create_trial(value=0.5, user_attrs={LEASE: LEASE_AS_KEPT})) == LEASE_READ


@pytest.mark.parametrize("damage", ["{", "[]", '"w1"', "7", "{}", json.dumps({**LEASE_AS_KEPT, "pid": "seven"})])
def test_a_lease_that_cannot_be_read_is_nobody_s(damage):
    stored = StoredLease(damage)
    assert (stored.lease, stored.is_unreadable) == (None, True)


@pytest.mark.parametrize("nothing", [None, "null"])
def test_no_lease_is_no_damage(nothing):
    stored = StoredLease(nothing)
    assert (stored.lease, stored.is_unreadable) == (None, False)


def test_a_trial_may_carry_anything_where_a_lease_should_be():
    for attributes in ({}, {LEASE: None}, {LEASE: 7}, {LEASE: {}}, {LEASE: [LEASE_AS_KEPT]}):
        assert lease_of(create_trial(value=0.5, user_attrs=attributes)) is None


def test_deaths_that_can_be_read_are_read():
    long_ago = {key: value for key, value in DEATH_AS_KEPT.items() if key != "how"}
    read = read_deaths(json.dumps([DEATH_AS_KEPT, {"worker": "w2"}, 7, long_ago]))
    assert read == [Death(**DEATH_AS_KEPT), Death(**long_ago)]
    assert [read_deaths(text) for text in (None, "null", "{", "7")] == [[]] * 4


def test_the_beats_go_on_after_failures_of_any_kind(queue, caplog):
    """The trap: Optuna's heartbeat thread ends at the first hiccup of the database, without a word."""
    claim = queue.claim(ME, 1)
    queue.storage.inner_ledger.failures_left = 3
    with Heartbeat(queue, claim, beat_interval_s=0.001) as heartbeat:
        assert queue.storage.inner_ledger.recovered.wait(timeout=60)
    assert not heartbeat.lost.is_set()
    assert lease_of(queue.storage.get_trial(claim.trial_id)).beat >= 1
    assert caplog.text.count("hiccup") == 3
    assert "Trial 0: the lease could not be renewed" in caplog.text


def test_a_keeper_that_is_left_has_no_thread(queue):
    before = threading.active_count()
    with Heartbeat(queue, queue.claim(ME, 1)):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_a_deleted_study_is_a_lost_lease(queue):
    heartbeat = Heartbeat(queue, queue.claim(ME, 1))
    queue.storage.delete_study(queue.study_id)
    heartbeat.beat()
    assert heartbeat.lost.is_set()
