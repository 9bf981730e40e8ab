"""Lanes on small studies, for their tests: real threads that meet, and what is left of them."""

import threading
from collections.abc import Callable
from dataclasses import replace

from optuna.trial import FrozenTrial

from hpo.signals import StopFlag
from hpo.study.attributes import finished_folds
from hpo.study.opened import OpenedStudy
from hpo.trial.runner import TrialRunner
from hpo.workers.lanes import Lanes
from hpo.workers.worker import WorkerReport
from model.configuration import TrainingSettings
from storage.trials.lease import DEATHS, WorkerIdentity

SPACE = """
encoding = "amino_acid"
embedding_size = 4
hidden_size = [4, 8]
layers = 1
batch_size = 64
"""
#: Seconds after which a test has failed.
LATE_S = 120.0

MakeStudy = Callable[..., Callable[[], OpenedStudy]]
Train = Callable[..., object]


def small(make_study: MakeStudy, **changes: object) -> Callable[[], OpenedStudy]:
    training = TrainingSettings(max_epochs=1, engine="stock")
    return make_study(**{"trials": 4, "folds": 2, "space": SPACE, "training": training, **changes})


def identity(worker: str = "w1") -> WorkerIdentity:
    return WorkerIdentity(worker=worker, host="laptop", pid=1, device="cpu")


def lanes_on(opened: OpenedStudy, count: int, stop: StopFlag | None = None, **more: object) -> Lanes:
    return Lanes(
        opened=opened,
        identity=more.pop("identity", identity()),
        runner=TrialRunner.of(opened, "cpu", more.pop("step_timeout_s", 600.0)),
        stop=StopFlag() if stop is None else stop,
        count=count,
        **more,
    )


def of_trials(report: WorkerReport) -> WorkerReport:
    """What a report says of trials: whether a lane finds a fold to train ahead is a matter of moments."""
    return replace(report, trained_ahead=0)


def trials(opened: OpenedStudy) -> list[FrozenTrial]:
    return opened.storage.get_all_trials(opened.handle.study_id)


def states(opened: OpenedStudy) -> list[str]:
    return [trial.state.name for trial in trials(opened)]


def has_deaths(opened: OpenedStudy) -> bool:
    return any(DEATHS in trial.user_attrs for trial in trials(opened))


def folds(opened: OpenedStudy) -> list[list[str]]:
    """SHA-256 of every fold of every trial."""
    return [[record.artifact for record in finished_folds(trial.user_attrs, 2)] for trial in trials(opened)]


def left_running() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith(("lane-", "lease-", "watchdog"))]


def let_lanes_end(release: threading.Event) -> None:
    """In place of the process's end."""
    release.set()
    for thread in threading.enumerate():
        if thread.name.startswith("lane-"):
            thread.join(LATE_S)


class Meeting:
    """The first folds that lanes train meet; each learns which it is. Later ones pass."""

    def __init__(self, lanes: int) -> None:
        self._all_there = threading.Barrier(lanes)
        self._places = iter(range(lanes))
        self._lock = threading.Lock()

    def place(self) -> int | None:
        with self._lock:
            place = next(self._places, None)
        if place is not None:
            self._all_there.wait(LATE_S)
        return place
