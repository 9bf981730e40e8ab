"""Traps of Optuna 5 in its heartbeats and retries. Where one fails, Optuna has changed: see if ours is needed."""

import threading
import warnings
from collections.abc import Callable, Iterator

import optuna
import pytest
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.storages._heartbeat import get_heartbeat_thread
from optuna.trial import FrozenTrial, TrialState

from storage.trials.lease import lease_of


def test_the_heartbeat_ends_at_the_first_hiccup(tmp_path, monkeypatch):
    """Ours: the heartbeat's thread outlives any error (`storage.trials.heartbeat`)."""
    with pytest.warns(ExperimentalWarning):
        storage = RDBStorage(f"sqlite:///{tmp_path}/optuna.db", heartbeat_interval=1)
    with pytest.warns(UserWarning, match="Heartbeat"):
        trial = optuna.create_study(storage=storage).ask()
    died = threading.Event()

    def hiccup(trial_id: int) -> None:
        raise RuntimeError("hiccup")

    monkeypatch.setattr(storage, "record_heartbeat", hiccup)
    monkeypatch.setattr(threading, "excepthook", lambda _: died.set())
    with get_heartbeat_thread(trial._trial_id, storage):
        assert died.wait(30)
    storage.engine.dispose()


@pytest.fixture
def beating(tmp_path) -> Iterator[Callable[..., optuna.Study]]:
    """A study on Optuna's own storage, with Optuna's heartbeat."""
    storages = []

    def make(on_death: Callable[[optuna.Study, FrozenTrial], None] | None = None) -> optuna.Study:
        options = {"heartbeat_interval": 1, "grace_period": 1, "heartbeat_stale_trial_callback": on_death}
        storages.append(RDBStorage(f"sqlite:///{tmp_path}/optuna.db", **options))
        return optuna.create_study(storage=storages[0])

    with warnings.catch_warnings():
        # Each use is announced as experimental, and `ask` as unsupported: the traps are beside that.
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("ignore", message="Heartbeat", category=UserWarning)
        yield make
    for storage in storages:
        storage.engine.dispose()


def test_a_trial_that_dies_before_its_first_beat_runs_for_ever(beating, eventually, queue, worker):
    """Ours: the claim is the first beat, one transaction with the change to RUNNING."""
    study = beating()
    unseen, seen = study.ask(), study.ask()
    study._storage.record_heartbeat(seen._trial_id)

    def the_other_is_noticed() -> bool:
        fail_stale_trials(study)
        return study.trials[seen.number].state == TrialState.FAIL

    eventually(the_other_is_noticed)
    assert study.trials[unseen.number].state == TrialState.RUNNING

    claim = queue.claim(worker("w1"), 1)
    assert lease_of(queue.storage.get_trial(claim.trial_id)).worker == "w1"


def test_a_death_between_fail_and_requeue_loses_the_trial(beating, eventually):
    """Ours: one transaction (`test_a_watch_that_dies_while_it_takes_back_has_done_nothing`)."""

    class PowerCut(BaseException):
        """The process that looks for the dead is gone itself."""

    told = []

    def requeue(study: optuna.Study, trial: FrozenTrial) -> None:
        told.append(trial.number)
        raise PowerCut

    study = beating(requeue)
    study._storage.record_heartbeat(study.ask()._trial_id)

    def looks_and_dies() -> bool:
        try:
            fail_stale_trials(study)
        except PowerCut:
            return True
        return False

    eventually(looks_and_dies)
    fail_stale_trials(study)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL]
    assert told == [0]


def test_a_retry_is_another_trial_with_another_number(beating, eventually):
    """Ours: the same trial goes on, since the budget goes by numbers."""
    study = beating(RetryHeartbeatStaleTrialCallback())
    study._storage.record_heartbeat(study.ask()._trial_id)

    def looks() -> bool:
        fail_stale_trials(study)
        return len(study.trials) > 1

    eventually(looks)
    assert [(trial.number, trial.state) for trial in study.trials] == [(0, TrialState.FAIL), (1, TrialState.WAITING)]


def test_a_trial_is_stale_by_the_database_s_clock_though_nobody_looked(beating, eventually):
    """Ours: a gap between two looks counts for little, so an outage for everybody kills nobody."""
    study = beating()
    trial = study.ask()
    study._storage.record_heartbeat(trial._trial_id)
    eventually(lambda: study._storage._get_stale_trial_ids(study._study_id) == [trial._trial_id])
    fail_stale_trials(study)
    assert study.trials[0].state == TrialState.FAIL
