"""Workers on a real Postgres: one dies, another finishes its trial."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from optuna.trial import FrozenTrial

from hpo.attributes import FOLD_ACCURACIES
from hpo.session import Session, open_session
from storage.connection import open_storage
from storage.leases import DEATHS, lease_of


@pytest.fixture
def database(postgres) -> str:
    postgres.run("DROP DATABASE IF EXISTS workers")
    postgres.run("CREATE DATABASE workers")
    open_storage(postgres.uri("workers"), create=True).close()
    return postgres.uri("workers")


@pytest.fixture
def opened(hpo, database) -> Iterator[Callable[[str], Session]]:
    sessions: list[Session] = []

    def open_one(study: str) -> Session:
        sessions.append(open_session(database, study, str(hpo.folder / "hpo-artifacts")))
        return sessions[-1]

    yield open_one
    for session in sessions:
        session.storage.close()


def test_a_dead_worker_s_trial_is_finished_by_another_with_the_same_numbers(hpo, background, database, opened) -> None:
    place = ("--storage", database)
    space = ("--sampler", "random", "--max-epochs", "8", "--lease-timeout", "2")
    for study in ("undisturbed", "disturbed"):
        hpo.create(study, 2, *space, *place)
    (hpo.folder / "genes.csv").unlink()  # a worker needs no copy of the data
    disturbed = opened("disturbed")
    first = background(hpo.start("worker", "--workers", "1", "--study", "disturbed", *place))
    until(lambda: any("hpo:fold:0" in trial.user_attrs for trial in trials(disturbed)))
    # The parent first: it would give the trial back at once, and what is to be seen here is the lease running out.
    (child,) = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
    for pid in (first.pid, int(child)):
        os.kill(pid, signal.SIGKILL)
    dead = {lease.worker for trial in trials(disturbed) if trial.state.name == "RUNNING" and (lease := lease_of(trial))}
    assert len(dead) == 1

    hpo.ok("worker", "--workers", "1", "--study", "disturbed", *place)
    hpo.ok("worker", "--workers", "1", "--study", "undisturbed", *place)
    deaths = [death for trial in trials(disturbed) for death in trial.user_attrs.get(DEATHS, [])]
    assert [death["worker"] for death in deaths] == list(dead)
    (moved,) = (trial for trial in trials(disturbed) if DEATHS in trial.user_attrs)
    assert lease_of(moved).worker not in dead
    undisturbed = opened("undisturbed")
    assert [numbers(trial) for trial in trials(disturbed)] == [numbers(trial) for trial in trials(undisturbed)]


def trials(session: Session) -> list[FrozenTrial]:
    return session.storage.get_all_trials(session.handle.study_id)


def numbers(trial: FrozenTrial) -> tuple[object, ...]:
    return trial.number, trial.state, trial.params, trial.user_attrs[FOLD_ACCURACIES]


def until(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
