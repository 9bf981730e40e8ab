"""The lease as a value, and a heartbeat whose storage fails."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from storage.database.cached import CachedDatabase
from storage.database.rdb import Database
from storage.database.tables import make_tables
from storage.studies import create_study
from storage.trials.heartbeat import Heartbeat
from storage.trials.lease import Lease, WorkerIdentity, lease_of
from storage.trials.queue import TrialQueue

ME = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")


class Hiccups(CachedDatabase):
    """Fails for a while, in a way that no policy foresees."""

    failures_left = 0

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.recovered = threading.Event()

    def change_trial(self, *arguments):
        if self.failures_left:
            self.failures_left -= 1
            raise RuntimeError("hiccup")
        changed = super().change_trial(*arguments)
        self.recovered.set()
        return changed


@pytest.fixture
def queue(tmp_path) -> Iterator[TrialQueue]:
    storage = Hiccups(Database(create_engine(f"sqlite:///{tmp_path}/hpo.db")))
    with storage.engine.begin() as connection:
        make_tables(connection)
    yield TrialQueue(storage, create_study(storage, "s").study_id)
    storage.engine.dispose()


def test_a_lease_survives_json():
    lease = Lease(worker="w1", host="h", pid=7, device="cuda:0", token="t", beat=3, fold=None, renewed_at=1.5)
    assert Lease.from_json(lease.to_json()) == lease


def test_the_beats_go_on_after_failures_of_any_kind(queue, caplog):
    """The trap: Optuna's heartbeat thread ends at the first hiccup of the database, without a word."""
    claim = queue.claim(ME, 1)
    queue.storage.failures_left = 3
    with Heartbeat(queue, claim, beat_interval_s=0.001) as heartbeat:
        assert queue.storage.recovered.wait(timeout=60)
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
