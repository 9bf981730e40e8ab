"""A study of one trial, small enough to be stopped in any of its epochs, and what is seen of it from outside."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from optuna.trial import FrozenTrial

from hpo.signals import StopFlag
from hpo.study.attributes import CHECKPOINT, CheckpointRecord, checkpoint_of, finished_folds
from hpo.study.opened import OpenedStudy
from hpo.trial.checkpoints import checkpoint_name
from hpo.trial.held_trial import HeldTrial
from hpo.trial.runner import TrialRunner
from hpo.workers.worker import Worker
from model.configuration import TrainingSettings
from model.fitting import Fitting
from model.runtime import one_thread
from storage.trials.lease import Claim, WorkerIdentity, lease_of

EPOCHS = 4
SPACE = """
encoding = "amino_acid"
embedding_size = 4
hidden_size = 4
layers = 1
batch_size = 64
dropout = 0.2
"""
WORKER = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")


class Search:
    """A study of five folds of four epochs, of one trial where nothing else is said."""

    epochs = EPOCHS

    def __init__(self, open_again: Callable[[], OpenedStudy], epochs_trained: list[int]) -> None:
        self.open_again, self.epochs_trained = open_again, epochs_trained
        self.opened = open_again()
        self.at_first = self.files()

    def work(self, stop: StopFlag | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """As another process does: until it is stopped or all is done."""
        opened = self.open_again()
        rows = TrialRunner.of(opened, "cpu").development
        runner = TrialRunner(
            contract=opened.contract, development=rows, artifacts=opened.artifacts, device="cpu", clock=clock
        )
        stop = StopFlag() if stop is None else stop
        Worker(opened=opened, identity=WORKER, device="cpu", stop=stop, run_trial=runner.run).work()

    def stop_in(self, epoch: int, fold: int, clock: Callable[[], float] = time.monotonic) -> StopFlag:
        """Asks for a stop once an epoch of a fold has begun, counted from now."""
        begun = len(self.epochs_trained)
        stop = StopFlag(clock=clock)
        stop.watch(lambda: len(self.epochs_trained) - begun >= fold * EPOCHS + epoch)
        return stop

    def trial(self, number: int = 0) -> FrozenTrial:
        return self.opened.storage.get_all_trials(self.opened.handle.study_id)[number]

    def record(self, number: int = 0) -> CheckpointRecord | None:
        return checkpoint_of(self.trial(number).user_attrs)

    def write_record(self, record: object) -> None:
        self.opened.storage.set_trial_user_attr(self.trial()._trial_id, CHECKPOINT, record)

    def name(self, number: int = 0) -> str:
        return checkpoint_name(self.opened.contract, number)

    def path(self, number: int = 0) -> Path:
        """Of the checkpoint's bytes."""
        return Path(self.opened.artifacts.location) / self.name(number)

    def files(self) -> set[str]:
        folder = Path(self.opened.artifacts.location)
        return {path.name for path in folder.rglob("*") if path.is_file()}

    def fold_results(self, number: int = 0) -> list[tuple[str, int]]:
        """By the hash of what each fold gave: curves and probabilities."""
        return [(record.artifact, record.epochs) for record in finished_folds(self.trial(number).user_attrs, 5)]

    def left(self) -> set[str]:
        """Files beside the study's data and what its folds gave."""
        trials = len(self.opened.storage.get_all_trials(self.opened.handle.study_id))
        folds = {artifact for number in range(trials) for artifact, _ in self.fold_results(number)}
        return self.files() - self.at_first - folds

    def hold(self, stop: StopFlag | None = None) -> HeldTrial:
        """Claims the trial."""
        claim = self.opened.queue.claim(WORKER, self.opened.budget)
        assert claim is not None
        return HeldTrial(self.opened, claim, StopFlag() if stop is None else stop)

    def bury(self) -> None:
        """Gives back what a worker held that is no more."""
        stored = self.trial()
        lease = lease_of(stored)
        assert lease is not None
        self.opened.queue.put_back(Claim(stored._trial_id, stored.number, lease))


MakeSearch = Callable[..., Search]
FoldResults = Callable[[], list[tuple[str, int]]]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """So small a network gains nothing by more."""
    with one_thread():
        yield


@pytest.fixture
def epochs_trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of each epoch that is trained."""
    trained: list[int] = []
    real = Fitting.one_epoch

    def one_epoch(self: Fitting, epoch: int, *arguments):
        trained.append(epoch)
        return real(self, epoch, *arguments)

    monkeypatch.setattr(Fitting, "one_epoch", one_epoch)
    return trained


@pytest.fixture
def make_search(make_study, epochs_trained: list[int]) -> MakeSearch:
    """Makes such a study; all lie in one place."""

    def make(study: str = "s", trials: int = 1, **changes) -> Search:
        training = TrainingSettings(max_epochs=EPOCHS, patience=9, engine="stock")
        return Search(make_study(study=study, trials=trials, space=SPACE, training=training, **changes), epochs_trained)

    return make


@pytest.fixture
def search(make_search: MakeSearch) -> Search:
    return make_search()


@pytest.fixture(scope="session")
def _of_undisturbed() -> list[list[tuple[str, int]]]:
    """Takes the results of the one search that nobody stopped: they are the same each time."""
    return []


@pytest.fixture
def undisturbed(make_search: MakeSearch, _of_undisturbed: list[list[tuple[str, int]]]) -> FoldResults:
    """The fold results of a search that nobody stopped."""

    def results() -> list[tuple[str, int]]:
        if not _of_undisturbed:
            other = make_search("undisturbed")
            other.work()
            _of_undisturbed.append(other.fold_results())
        return _of_undisturbed[0]

    return results
