"""The lease as a value, and a keeper whose storage fails."""

import threading

import pytest
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection

from storage.leases import LEASE, Lease, LeaseKeeper, WorkerIdentity, lease_of
from storage.queue import TrialQueue

ME = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")


class Hiccups(InMemoryStorage):
    """Fails for a while, in a way that no policy foresees."""

    def __init__(self) -> None:
        super().__init__()
        self.failures_left = 0
        self.recovered = threading.Event()

    def get_trial(self, trial_id):
        if self.failures_left:
            self.failures_left -= 1
            raise RuntimeError("hiccup")
        return super().get_trial(trial_id)

    def set_trial_user_attr(self, trial_id, key, value):
        super().set_trial_user_attr(trial_id, key, value)
        if key == LEASE and value["beat"] > 0:
            self.recovered.set()


@pytest.fixture
def queue() -> TrialQueue:
    storage = Hiccups()
    return TrialQueue(storage, storage.create_new_study([StudyDirection.MAXIMIZE], "s"))


def test_a_lease_survives_json():
    lease = Lease(worker="w1", host="h", pid=7, device="cuda:0", token="t", beat=3, fold=None, renewed_at=1.5)
    assert Lease.from_json(lease.to_json()) == lease


def test_the_beats_go_on_after_failures_of_any_kind(queue, caplog):
    """The trap: Optuna's heartbeat thread ends at the first hiccup of the database, without a word."""
    claim = queue.claim(ME, 1)
    queue.storage.failures_left = 3
    with LeaseKeeper(queue, claim, beat_interval_s=0.001) as keeper:
        assert queue.storage.recovered.wait(timeout=60)
    assert not keeper.lost.is_set()
    assert lease_of(queue.storage.get_trial(claim.trial_id)).beat >= 1
    assert caplog.text.count("hiccup") == 3
    assert "Trial 0: the lease could not be renewed" in caplog.text


def test_a_keeper_that_is_left_has_no_thread(queue):
    before = threading.active_count()
    with LeaseKeeper(queue, queue.claim(ME, 1)):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_a_deleted_study_is_a_lost_lease(queue):
    keeper = LeaseKeeper(queue, queue.claim(ME, 1))
    queue.storage.delete_study(queue.study_id)
    keeper.beat()
    assert keeper.lost.is_set()
