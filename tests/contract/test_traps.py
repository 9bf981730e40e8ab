"""Traps of Optuna 5 that our mechanisms go round. Where one fails, Optuna has changed: see if ours is needed."""

import threading

import optuna
import pytest
from optuna.exceptions import ExperimentalWarning, StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.storages._heartbeat import get_heartbeat_thread
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState


def test_a_limit_of_trials_is_looked_at_after_a_trial_and_overshoots(storage):
    """Ours: the budget goes by trial numbers, before a trial starts (`storage.queue`)."""
    study = optuna.create_study(storage=storage)
    together = threading.Barrier(4, timeout=30)

    def objective(trial: optuna.Trial) -> float:
        together.wait()
        return 0.0

    def work() -> None:
        optuna.load_study(study_name=study.study_name, storage=storage).optimize(
            objective, callbacks=[MaxTrialsCallback(1)]
        )

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(study.trials) == 4


def test_a_late_tell_raises_whatever_is_caught(storage):
    """Ours: `TrialQueue.finish` raises LeaseLostError, and the worker goes on."""
    study = optuna.create_study(storage=storage)

    def objective(trial: optuna.Trial) -> float:
        storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        return 0.0

    with pytest.raises((ValueError, AssertionError, UpdateFinishedTrialError)):
        study.optimize(objective, n_trials=1, catch=(Exception,))


def test_leaving_by_system_exit_leaves_the_trial_running(storage):
    """Ours: signals set a flag, and the trial is put back (`hpo.signals`)."""
    study = optuna.create_study(storage=storage)

    def objective(trial: optuna.Trial) -> float:
        raise SystemExit(143)

    with pytest.raises(SystemExit):
        study.optimize(objective, n_trials=1)
    assert study.trials[0].state == TrialState.RUNNING


def test_workers_that_share_a_seed_repeat_each_other(storage):
    """Ours: a sampler for each trial, seeded by the study's seed and the trial's number (`hpo.sampling`)."""
    study = optuna.create_study(storage=storage)
    points = []
    for _ in range(3):
        again = optuna.load_study(
            study_name=study.study_name, storage=storage, sampler=optuna.samplers.TPESampler(seed=1)
        )
        points.append(again.ask().suggest_float("x", 0.0, 1.0))
    assert len(set(points)) == 1


def test_the_heartbeat_ends_at_the_first_hiccup(tmp_path, monkeypatch):
    """Ours: the keeper's thread outlives any error (`storage.leases.keeper`)."""
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


def test_a_connection_that_was_dropped_raises_at_the_next_use(postgres, postgres_url):
    """Ours: a ping before use, and one retry policy around every call (`storage.connection`, `storage.retry`)."""
    storage = RDBStorage(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    study = optuna.create_study(storage=storage)
    postgres.drop_connections(postgres_url)
    with pytest.raises(StorageInternalError):
        study.set_user_attr("budget", 5)
    storage.engine.dispose()
