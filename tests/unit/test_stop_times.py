"""A stop takes seconds, whatever is away: the waits of a stopping worker end before its parent's patience does."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from optuna.trial import TrialState

from hpo.signals import StopFlag
from hpo.stop_times import CHECKPOINT_HURRY_S, EPOCH_GRACE_S, GIVE_UP_S, PARENT_PATIENCE_S, STORAGE_HURRY_S, wait_s
from hpo.study.opened import OpenedStudy
from hpo.workers.worker import Worker
from model.configuration import TrainingSettings
from model.fitting import Fitting
from storage.artifacts import ArtifactStore, Blobs
from storage.errors import StorageError, StorageUnavailableError
from storage.retrying_storage import RetryingStorage
from storage.trials.lease import WorkerIdentity
from storage.trials.queue import TrialQueue

SPACE = 'encoding = "amino_acid"\nembedding_size = 4\nhidden_size = 4\nlayers = 1\nbatch_size = 64\n'


def test_a_trial_goes_back_where_artifacts_are_away_and_before_its_worker_is_killed() -> None:
    assert EPOCH_GRACE_S + CHECKPOINT_HURRY_S < GIVE_UP_S < PARENT_PATIENCE_S


def test_nothing_is_waited_for_longer_than_it_is_worth_or_than_is_left() -> None:
    assert wait_s(STORAGE_HURRY_S, 0.0) == STORAGE_HURRY_S
    assert wait_s(STORAGE_HURRY_S, GIVE_UP_S - 2.0) == 2.0
    assert wait_s(STORAGE_HURRY_S, 600.0) == 0.0


class Clock:
    """Seconds that pass where somebody says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class AwayBlobs:
    """Artifacts that are away once the clock has begun to run: a call takes as long as it is tried again."""

    blobs: Blobs
    clock: Clock
    seconds: float = 180.0

    @property
    def shown(self) -> str:
        return self.blobs.shown

    def in_a_hurry(self, seconds: float) -> "AwayBlobs":
        return replace(self, seconds=seconds)

    def read(self, name: str) -> bytes:
        return self.blobs.read(name)

    def exists(self, name: str) -> bool:
        return self._call() or self.blobs.exists(name)

    def write(self, name: str, data: bytes) -> None:
        self._call()
        self.blobs.write(name, data)

    def remove(self, name: str) -> None:
        self._call()
        self.blobs.remove(name)

    def _call(self) -> bool:
        if self.clock.now > 0.0:
            self.clock.now += self.seconds
            raise StorageUnavailableError("The artifact location does not answer.")
        return False


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue_away(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets what a worker says of its trial find no storage, and take as long as its policy lets it."""

    def away(real: Callable[..., None]) -> Callable[..., None]:
        def call(self: TrialQueue, *arguments) -> None:
            if clock.now > 0.0:
                assert isinstance(self.storage, RetryingStorage)
                clock.now += self.storage.policy.deadline_s
                raise StorageUnavailableError("The storage does not answer.")
            real(self, *arguments)

        return call

    def begin() -> None:
        for method in ("record", "finish", "put_back"):
            monkeypatch.setattr(TrialQueue, method, away(getattr(TrialQueue, method)))

    return begin


@pytest.fixture
def stopped_in(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], StopFlag]:
    """Asks for a stop when an epoch begins, which then takes as long as it may. Epochs count from 1, over all folds."""
    real, begun, stop = Fitting.one_epoch, [0], StopFlag(clock=clock)

    def begin(epoch: int) -> StopFlag:
        def one_epoch(self: Fitting, *arguments):
            begun[0] += 1
            if begun[0] == epoch:
                stop.set()
                clock.now = EPOCH_GRACE_S
            return real(self, *arguments)

        monkeypatch.setattr(Fitting, "one_epoch", one_epoch)
        return stop

    return begin


@pytest.mark.parametrize("epoch", [1, 2, 4], ids=["in a fold", "at a fold's end", "at the trial's end"])
@pytest.mark.parametrize("away", ["artifacts", "storage", "both", "nothing"])
def test_a_stop_is_over_before_the_parent_s_patience_is(
    make_study, clock, queue_away, stopped_in, away: str, epoch: int
) -> None:
    training = TrainingSettings(max_epochs=2, engine="stock")
    opened: OpenedStudy = make_study(trials=1, folds=2, space=SPACE, training=training)()
    if away in ("artifacts", "both"):
        opened = replace(opened, artifacts=ArtifactStore(AwayBlobs(opened.artifacts.blobs, clock)))
    if away in ("storage", "both"):
        queue_away()
    identity = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
    worker = Worker(opened=opened, identity=identity, device="cpu", stop=stopped_in(epoch))
    with suppress(StorageError):
        worker.work()
    assert clock.now <= GIVE_UP_S
    (trial,) = opened.storage.get_all_trials(opened.handle.study_id)
    if away == "nothing":
        assert trial.state == (TrialState.COMPLETE if epoch == 4 else TrialState.WAITING)
    else:
        # Where only artifacts are away, it goes back by the worker's own hand; else its parent sees to it.
        assert trial.state == (TrialState.WAITING if away == "artifacts" else TrialState.RUNNING)
