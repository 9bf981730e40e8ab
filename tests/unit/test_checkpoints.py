"""A fold that was interrupted goes on at its checkpoint, on any worker, and ends with the numbers it would have had."""

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from optuna.trial import FrozenTrial, TrialState

import hpo.trial
import hpo.worker
from hpo.attributes import CHECKPOINT, checkpoint_of, finished_folds
from hpo.checkpoints import EVERY_S, Checkpoints
from hpo.held import HeldTrial
from hpo.session import Session
from hpo.signals import StopFlag
from hpo.worker import Worker
from model.configuration import TrainingSettings
from model.fitting import Fitting
from storage.errors import LeaseLostError, StorageUnavailableError
from storage.leases import WorkerIdentity

EPOCHS = 4
SPACE = """
encoding = "amino_acid"
embedding_size = 4
hidden_size = 4
layers = 1
batch_size = 16
dropout = 0.2
"""


@pytest.fixture
def open_study(make_study: Callable[..., Callable[[], Session]]) -> Callable[[], Session]:
    """Opens a study of one trial of five folds of four epochs."""
    training = TrainingSettings(max_epochs=EPOCHS, patience=9, engine="stock")
    return make_study(trials=1, space=SPACE, training=training)


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


def work(session: Session, stop: StopFlag | None = None) -> None:
    identity = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
    Worker(session=session, identity=identity, device="cpu", stop=StopFlag() if stop is None else stop).work()


def stop_in(epoch: int, fold: int, epochs_trained: list[int]) -> StopFlag:
    """Asks for a stop once an epoch of a fold has begun."""
    stop = StopFlag()
    stop.watch(lambda: len(epochs_trained) >= fold * EPOCHS + epoch)
    return stop


def trial(session: Session) -> FrozenTrial:
    return session.storage.get_all_trials(session.handle.study_id)[0]


def files(session: Session) -> set[str]:
    return {path.name for path in Path(session.artifacts.location).rglob("*") if path.is_file()}


def fold_results(session: Session) -> list[tuple[str, int]]:
    """By the hash of what each fold gave: curves and probabilities."""
    return [(record.artifact, record.epochs) for record in finished_folds(trial(session).user_attrs, 5)]


def undisturbed(make_study: Callable[..., Callable[[], Session]], session: Session) -> list[tuple[str, int]]:
    training = session.contract.settings
    other = make_study(study="undisturbed", trials=1, space=SPACE, training=training)()
    work(other)
    return fold_results(other)


@pytest.mark.parametrize(("epoch", "fold"), [(1, 0), (2, 1), (3, 4)])
def test_a_stop_lets_the_epoch_end_and_another_worker_goes_on_after_it(
    open_study, make_study, epochs_trained, epoch, fold
) -> None:
    session = open_study()
    before = files(session)
    work(session, stop_in(epoch, fold, epochs_trained))
    assert trial(session).state == TrialState.WAITING
    record = checkpoint_of(trial(session).user_attrs)
    assert record is not None
    assert (record.fold, record.epochs) == (fold, epoch)
    assert epochs_trained == [*range(1, EPOCHS + 1)] * fold + [*range(1, epoch + 1)]

    epochs_trained.clear()
    work(open_study())
    assert trial(session).state == TrialState.COMPLETE
    assert epochs_trained[: EPOCHS - epoch] == [*range(epoch + 1, EPOCHS + 1)]
    assert trial(session).user_attrs[CHECKPOINT] is None
    assert files(session) == before | {artifact for artifact, _ in fold_results(session)}
    assert fold_results(session) == undisturbed(make_study, session)


def test_a_stop_in_the_last_epoch_finishes_the_fold(open_study, epochs_trained) -> None:
    session = open_study()
    work(session, stop_in(EPOCHS, 0, epochs_trained))
    assert trial(session).state == TrialState.WAITING
    assert len(fold_results(session)) == 1
    assert checkpoint_of(trial(session).user_attrs) is None


def test_an_epoch_that_is_too_long_ends_at_its_next_batch(open_study, epochs_trained, monkeypatch) -> None:
    monkeypatch.setattr(hpo.worker, "EPOCH_GRACE_S", -1.0)
    session = open_study()
    work(session, stop_in(2, 0, epochs_trained))
    assert trial(session).state == TrialState.WAITING
    assert checkpoint_of(trial(session).user_attrs) is None
    assert epochs_trained == [1, 2]


def no_bytes(session: Session, artifact: str) -> None:
    session.artifacts.remove(artifact)


def other_bytes(session: Session, artifact: str) -> None:
    next(Path(session.artifacts.location).rglob(artifact)).write_bytes(b"damaged")


@pytest.mark.parametrize("happens", [no_bytes, other_bytes])
def test_a_checkpoint_that_is_gone_or_damaged_costs_its_epochs_only(
    open_study, make_study, epochs_trained, caplog, happens
) -> None:
    session = open_study()
    work(session, stop_in(2, 1, epochs_trained))
    record = checkpoint_of(trial(session).user_attrs)
    happens(session, record.artifact)
    epochs_trained.clear()
    with caplog.at_level(logging.WARNING):
        work(session)
    assert "fold 1 begins anew" in caplog.text
    assert epochs_trained[:EPOCHS] == [*range(1, EPOCHS + 1)]
    assert fold_results(session) == undisturbed(make_study, session)


@pytest.mark.parametrize(
    "stored", ["text", {"fold": 0}, {"fold": 0, "artifact": "../../x", "epochs": 1, "seconds": 1.0}]
)
def test_a_record_that_is_damaged_is_as_good_as_none(open_study, epochs_trained, stored) -> None:
    session = open_study()
    session.storage.set_trial_user_attr(trial(session)._trial_id, CHECKPOINT, stored)
    work(session)
    assert trial(session).state == TrialState.COMPLETE
    assert epochs_trained == [*range(1, EPOCHS + 1)] * 5


def test_a_long_fold_leaves_a_checkpoint_every_minute_and_one_at_a_time(open_study, monkeypatch) -> None:
    now = [0.0]
    saved: list[tuple[float, int]] = []
    real = Checkpoints.save

    class Slow(Checkpoints):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments, clock=lambda: now[0])

        def save(self, data: bytes, epochs: int) -> None:
            real(self, data, epochs)
            saved.append((now[0], len(files(session)) - len(at_first) - len(fold_results(session))))

    def one_epoch(self: Fitting, *arguments):
        now[0] += 0.75 * EVERY_S
        return real_epoch(self, *arguments)

    real_epoch = Fitting.one_epoch
    monkeypatch.setattr(hpo.trial, "Checkpoints", Slow)
    monkeypatch.setattr(Fitting, "one_epoch", one_epoch)
    session = open_study()
    at_first = files(session)
    work(session)
    # Each fold's epochs end after 45, 90, 135 and 180 s; the last is the fold's end.
    assert [at for at, _ in saved] == [fold * 180.0 + 90.0 for fold in range(5)]
    assert {checkpoints for _, checkpoints in saved} == {1}
    assert files(session) == at_first | {artifact for artifact, _ in fold_results(session)}
    assert [record.seconds for record in finished_folds(trial(session).user_attrs, 5)] == [180.0] * 5


def made_with(session: Session, record: Callable[[dict], None]) -> Checkpoints:
    held = SimpleNamespace(number=0, attributes={}, record=record)
    return Checkpoints(session.artifacts, cast(HeldTrial, held), fold=0)


def test_where_the_record_cannot_be_written_training_goes_on_and_nothing_is_left(open_study, caplog) -> None:
    session = open_study()
    before = files(session)

    def away(_: dict) -> None:
        raise StorageUnavailableError("The storage does not answer.")

    with caplog.at_level(logging.WARNING):
        made_with(session, away).save(b"state", 3)
    assert "no checkpoint after epoch 3: The storage does not answer." in caplog.text
    assert files(session) == before


def test_a_lost_lease_ends_the_trial_and_leaves_nothing(open_study) -> None:
    session = open_study()
    before = files(session)

    def lost(_: dict) -> None:
        raise LeaseLostError("Trial 0 is no longer held.")

    with pytest.raises(LeaseLostError):
        made_with(session, lost).save(b"state", 3)
    assert files(session) == before
