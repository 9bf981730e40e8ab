"""Traps of Optuna 5 that our mechanisms go round. Where one fails, Optuna has changed: see if ours is needed."""

import inspect
import threading

import optuna
import pytest
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.storages._grpc.server import make_server
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

from hpo.search.sampler import sampler_for
from hpo.search.space import read_space
from storage.proxy.server import start_proxy


def test_a_limit_of_trials_is_looked_at_after_a_trial_and_overshoots(storage):
    """Ours: the budget goes by trial numbers, before a trial starts (`storage.trials.queue`)."""
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
    """Ours: a sampler for each trial, seeded by the study's seed and the trial's number (`hpo.search.sampler`)."""
    study = optuna.create_study(storage=storage)
    points = []
    for _ in range(3):
        again = optuna.load_study(
            study_name=study.study_name, storage=storage, sampler=optuna.samplers.TPESampler(seed=1)
        )
        points.append(again.ask().suggest_float("x", 0.0, 1.0))
    assert len(set(points)) == 1


def test_a_connection_that_was_dropped_raises_at_the_next_use(postgres, postgres_url):
    """Ours: a ping before use, and one retry policy around every call (`storage.connection`, `storage.retry`)."""
    storage = RDBStorage(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    study = optuna.create_study(storage=storage)
    postgres.drop_connections(postgres_url)
    with pytest.raises(StorageInternalError):
        study.set_user_attr("budget", 5)
    storage.engine.dispose()


def test_a_study_is_stopped_in_one_process_only(storage):
    """Ours: budget and pause are attributes of the study, which every worker reads anew (`OpenedStudy.orders`)."""
    study = optuna.create_study(storage=storage)
    another = optuna.load_study(study_name=study.study_name, storage=storage)

    def stops(trial: optuna.Trial) -> float:
        study.stop()
        return 0.0

    def goes_on(trial: optuna.Trial) -> float:
        if trial.number == 0:
            study.optimize(stops, n_trials=5)
        return 0.0

    another.optimize(goes_on, n_trials=3)
    assert len(study.trials) == 3 + 1


def test_start_up_counts_finished_trials_only():
    """Ours does as well, and each of those points has a seed of its own (docs/decisions/0006)."""
    space = read_space(None, "dna")
    for sampler in (TPESampler(n_startup_trials=2, seed=0), None):
        study = optuna.create_study(sampler=sampler)

        def one_more(study=study, ours=sampler is None) -> optuna.Trial:
            if ours:
                number = len(study.trials)
                study.sampler = sampler_for("tpe", space.distributions, startup_trials=2, seed=0, number=number)
            trial = study.ask()
            space.suggest(trial)
            return trial

        study.tell(one_more(), 0.0)
        at_work = [one_more() for _ in range(5)]
        # Six random points where two were asked for: TPE has begun with none of them.
        assert [trial.relative_params for trial in at_work] == [{}] * 5
        study.tell(at_work[0], 0.5)
        assert one_more().relative_params


def test_trials_that_run_repel_tpe():
    """Wanted among the living. Ours: the trial of a dead worker is taken back, and repels nobody for ever."""
    space = {"x": optuna.distributions.FloatDistribution(0.0, 1.0)}
    finished = [
        optuna.trial.create_trial(params={"x": step / 20}, distributions=space, value=(step / 20 - 0.5) ** 2)
        for step in range(21)
    ]

    def distance(running: int) -> float:
        """How far from the best point so far TPE proposes to go, on average."""
        points = []
        for seed in range(10):
            study = optuna.create_study(sampler=TPESampler(seed=seed, n_startup_trials=1))
            study.add_trials(finished)
            for _ in range(running):
                study.enqueue_trial({"x": 0.5})
                study.ask().suggest_float("x", 0.0, 1.0)
            points.append(study.ask().suggest_float("x", 0.0, 1.0))
        return sum(abs(x - 0.5) for x in points) / len(points)

    assert distance(running=5) > 2 * distance(running=0)


def test_optuna_s_proxy_has_ten_threads_and_no_encryption():
    """Ours has more threads and no encryption either: on loopback, unless told otherwise, and then it warns."""
    source = inspect.getsource(make_server)
    assert "ThreadPoolExecutor(max_workers=10)" in source
    assert "add_insecure_port" in source
    assert "add_secure_port" not in source
    ours = inspect.signature(start_proxy).parameters
    assert (ours["host"].default, ours["threads"].default) == ("127.0.0.1", 32)
