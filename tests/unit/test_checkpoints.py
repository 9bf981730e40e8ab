"""A fold that was interrupted goes on at its checkpoint, on any worker, and ends with the numbers it would have had."""

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from optuna.trial import FrozenTrial, TrialState

import hpo.trial.runner
import hpo.workers.worker
from hpo.signals import StopFlag
from hpo.study.attributes import CHECKPOINT, CHECKPOINT_LEFT, checkpoint_of, finished_folds
from hpo.study.opened import OpenedStudy
from hpo.trial.checkpoints import EVERY_S, MARK, Checkpoints, discard, remove_what_was_left
from hpo.trial.held_trial import HeldTrial
from hpo.workers.worker import Worker
from model.configuration import TrainingSettings
from model.errors import NonFiniteLossError
from model.fitting import Fitting
from storage.artifacts import ArtifactStore
from storage.errors import LeaseLostError, StorageError, StorageUnavailableError
from storage.trials.lease import Claim, WorkerIdentity, lease_of

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
def open_study(make_study: Callable[..., Callable[[], OpenedStudy]]) -> Callable[[], OpenedStudy]:
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


def work(opened: OpenedStudy, stop: StopFlag | None = None) -> None:
    identity = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
    Worker(opened=opened, identity=identity, device="cpu", stop=StopFlag() if stop is None else stop).work()


def stop_in(epoch: int, fold: int, epochs_trained: list[int]) -> StopFlag:
    """Asks for a stop once an epoch of a fold has begun."""
    stop = StopFlag()
    stop.watch(lambda: len(epochs_trained) >= fold * EPOCHS + epoch)
    return stop


def trial(opened: OpenedStudy) -> FrozenTrial:
    return opened.storage.get_all_trials(opened.handle.study_id)[0]


def files(opened: OpenedStudy) -> set[str]:
    return {path.name for path in Path(opened.artifacts.location).rglob("*") if path.is_file()}


def fold_results(opened: OpenedStudy) -> list[tuple[str, int]]:
    """By the hash of what each fold gave: curves and probabilities."""
    return [(record.artifact, record.epochs) for record in finished_folds(trial(opened).user_attrs, 5)]


def undisturbed(make_study: Callable[..., Callable[[], OpenedStudy]], opened: OpenedStudy) -> list[tuple[str, int]]:
    training = opened.contract.settings
    other = make_study(study="undisturbed", trials=1, space=SPACE, training=training)()
    work(other)
    return fold_results(other)


@pytest.mark.parametrize(("epoch", "fold"), [(1, 0), (2, 1), (3, 4)])
def test_a_stop_lets_the_epoch_end_and_another_worker_goes_on_after_it(
    open_study, make_study, epochs_trained, epoch, fold
) -> None:
    opened = open_study()
    before = files(opened)
    work(opened, stop_in(epoch, fold, epochs_trained))
    assert trial(opened).state == TrialState.WAITING
    record = checkpoint_of(trial(opened).user_attrs)
    assert record is not None
    assert (record.fold, record.epochs) == (fold, epoch)
    assert epochs_trained == [*range(1, EPOCHS + 1)] * fold + [*range(1, epoch + 1)]

    epochs_trained.clear()
    work(open_study())
    assert trial(opened).state == TrialState.COMPLETE
    assert epochs_trained[: EPOCHS - epoch] == [*range(epoch + 1, EPOCHS + 1)]
    assert trial(opened).user_attrs[CHECKPOINT] is None
    assert files(opened) == before | {artifact for artifact, _ in fold_results(opened)}
    assert fold_results(opened) == undisturbed(make_study, opened)


def test_a_stop_in_the_last_epoch_finishes_the_fold(open_study, epochs_trained) -> None:
    opened = open_study()
    work(opened, stop_in(EPOCHS, 0, epochs_trained))
    assert trial(opened).state == TrialState.WAITING
    assert len(fold_results(opened)) == 1
    assert checkpoint_of(trial(opened).user_attrs) is None


def test_an_epoch_that_is_too_long_ends_at_its_next_batch(open_study, epochs_trained, monkeypatch) -> None:
    monkeypatch.setattr(hpo.workers.worker, "EPOCH_GRACE_S", -1.0)
    opened = open_study()
    work(opened, stop_in(2, 0, epochs_trained))
    assert trial(opened).state == TrialState.WAITING
    assert checkpoint_of(trial(opened).user_attrs) is None
    assert epochs_trained == [1, 2]


def no_bytes(opened: OpenedStudy, artifact: str) -> None:
    opened.artifacts.remove(artifact)


def other_bytes(opened: OpenedStudy, artifact: str) -> None:
    next(Path(opened.artifacts.location).rglob(artifact)).write_bytes(b"damaged")


def other_state(opened: OpenedStudy, artifact: str) -> None:
    """A checkpoint by its first line, and none by the rest."""
    line, _, _ = opened.artifacts.get(artifact).partition(b"\n")
    stored = trial(opened)
    record = stored.user_attrs[CHECKPOINT] | {"artifact": opened.artifacts.put(line + b"\nnonsense")}
    opened.storage.set_trial_user_attr(stored._trial_id, CHECKPOINT, record)


@pytest.mark.parametrize("happens", [no_bytes, other_bytes, other_state])
def test_a_checkpoint_that_is_gone_or_damaged_costs_its_epochs_only(
    open_study, make_study, epochs_trained, caplog, happens
) -> None:
    opened = open_study()
    work(opened, stop_in(2, 1, epochs_trained))
    record = checkpoint_of(trial(opened).user_attrs)
    happens(opened, record.artifact)
    epochs_trained.clear()
    with caplog.at_level(logging.WARNING):
        work(opened)
    assert "fold 1 begins anew" in caplog.text
    assert epochs_trained[:EPOCHS] == [*range(1, EPOCHS + 1)]
    assert fold_results(opened) == undisturbed(make_study, opened)


@pytest.mark.parametrize(
    "stored", ["text", {"fold": 0}, {"fold": 0, "artifact": "../../x", "epochs": 1, "seconds": 1.0}]
)
def test_a_record_that_is_damaged_is_as_good_as_none(open_study, epochs_trained, stored) -> None:
    opened = open_study()
    opened.storage.set_trial_user_attr(trial(opened)._trial_id, CHECKPOINT, stored)
    work(opened)
    assert trial(opened).state == TrialState.COMPLETE
    assert epochs_trained == [*range(1, EPOCHS + 1)] * 5


def test_a_long_fold_leaves_a_checkpoint_every_minute_and_one_at_a_time(open_study, monkeypatch) -> None:
    now = [0.0]
    saved: list[tuple[float, int]] = []
    real = Checkpoints.save

    class Slow(Checkpoints):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments, clock=lambda: now[0])

        def save(self, make: Callable[[], bytes], epochs: int) -> None:
            real(self, make, epochs)
            saved.append((now[0], len(files(opened)) - len(at_first) - len(fold_results(opened))))

    def one_epoch(self: Fitting, *arguments):
        now[0] += 0.75 * EVERY_S
        return real_epoch(self, *arguments)

    real_epoch = Fitting.one_epoch
    monkeypatch.setattr(hpo.trial.runner, "Checkpoints", Slow)
    monkeypatch.setattr(Fitting, "one_epoch", one_epoch)
    opened = open_study()
    at_first = files(opened)
    work(opened)
    # Each fold's epochs end after 45, 90, 135 and 180 s; the last is the fold's end.
    assert [at for at, _ in saved] == [fold * 180.0 + 90.0 for fold in range(5)]
    assert {checkpoints for _, checkpoints in saved} == {1}
    assert files(opened) == at_first | {artifact for artifact, _ in fold_results(opened)}
    assert [record.seconds for record in finished_folds(trial(opened).user_attrs, 5)] == [180.0] * 5


def made_with(opened: OpenedStudy, record: Callable[[dict], None]) -> Checkpoints:
    held = SimpleNamespace(study_name="s", number=0, attributes={}, record=record)
    return Checkpoints(opened.artifacts, cast(HeldTrial, held), fold=0)


def away(*_: object) -> None:
    raise StorageUnavailableError("The storage does not answer.")


def full(*_: object) -> bytes:
    raise MemoryError("cannot allocate")


@pytest.mark.parametrize(
    ("record", "make", "why"),
    [(away, lambda: b"state", "does not answer"), (lambda _: None, full, "cannot allocate")],
    ids=["no storage", "no memory"],
)
def test_where_none_can_be_made_training_goes_on(open_study, caplog, record, make, why) -> None:
    with caplog.at_level(logging.WARNING):
        made_with(open_study(), record).save(make, 3)
    assert "trial 0 fold 0: no checkpoint after epoch 3: " in caplog.text
    assert why in caplog.text


def test_a_folder_that_takes_nothing_more_costs_no_trial(open_study, epochs_trained, monkeypatch) -> None:
    """The disk is full for checkpoints; what folds leave is small."""
    opened = open_study()
    real = ArtifactStore.put

    def put(self: ArtifactStore, data: bytes) -> str:
        if data.startswith(MARK):
            raise StorageError("The artifact folder cannot be written: No space left on device.")
        return real(self, data)

    monkeypatch.setattr(ArtifactStore, "put", put)
    work(opened, stop_in(2, 0, epochs_trained))
    assert trial(opened).state == TrialState.WAITING
    work(opened)
    assert trial(opened).state == TrialState.COMPLETE
    assert epochs_trained == [1, 2, *[*range(1, EPOCHS + 1)] * 5]


def test_two_checkpoints_of_one_state_are_two_artifacts(open_study) -> None:
    """Of twin trials, or of a worker that was taken for dead and its successor: each removes its own."""
    opened = open_study()
    recorded: list[str] = []

    def record(values: dict) -> None:
        if CHECKPOINT in values:
            recorded.append(values[CHECKPOINT]["artifact"])

    one, other = made_with(opened, record), made_with(opened, record)
    one.save(lambda: b"state", 3)
    other.save(lambda: b"state", 3)
    other.remove()
    assert [opened.artifacts.exists(artifact) for artifact in recorded] == [True, False]


def test_what_a_record_names_and_is_no_checkpoint_of_the_trial_stays(open_study, epochs_trained, caplog) -> None:
    """The record of a hostile database names the study's data."""
    opened = open_study()
    data = opened.contract.data.development.artifact
    hostile = {"fold": 0, "artifact": data, "epochs": 1, "seconds": 1.0}
    opened.storage.set_trial_user_attr(trial(opened)._trial_id, CHECKPOINT, hostile)
    with caplog.at_level(logging.WARNING):
        work(opened)
    assert "trial 0 fold 0 begins anew: these bytes are not its checkpoint" in caplog.text
    assert opened.artifacts.exists(data)
    assert trial(opened).state == TrialState.COMPLETE
    assert epochs_trained == [*range(1, EPOCHS + 1)] * 5


def test_seconds_are_those_of_all_workers(open_study, held) -> None:
    opened = open_study()
    now = [100.0]
    first = Checkpoints(opened.artifacts, held, 0, clock=lambda: now[0])
    now[0] += 30.0
    first.save(lambda: b"state", 2)
    second = Checkpoints(opened.artifacts, held, 0, clock=lambda: now[0])
    assert second.read() == b"state"
    now[0] += 5.0
    assert second.seconds == pytest.approx(35.0)
    second.begin_anew("damaged")
    assert second.seconds == pytest.approx(5.0)


def ends_pruned(monkeypatch: pytest.MonkeyPatch) -> TrialState:
    """As after other trials have been finished that are better."""
    monkeypatch.setattr(HeldTrial, "should_prune", lambda _: True)
    return TrialState.PRUNED


def ends_failed(monkeypatch: pytest.MonkeyPatch) -> TrialState:
    def one_epoch(*_: object) -> None:
        raise NonFiniteLossError("The training loss is nan.")

    monkeypatch.setattr(Fitting, "one_epoch", one_epoch)
    return TrialState.FAIL


@pytest.mark.parametrize("ends", [ends_pruned, ends_failed])
def test_a_trial_that_ends_before_its_interrupted_fold_leaves_no_checkpoint(
    make_study, epochs_trained, monkeypatch, ends
) -> None:
    opened = make_study(trials=2, space=SPACE, training=TrainingSettings(max_epochs=EPOCHS, patience=9))()
    before = files(opened)
    work(opened, stop_in(2, 6, epochs_trained))
    stopped = opened.storage.get_all_trials(opened.handle.study_id)[1]
    assert (stopped.state, checkpoint_of(stopped.user_attrs).fold) == (TrialState.WAITING, 1)
    state = ends(monkeypatch)
    work(opened)
    both = opened.storage.get_all_trials(opened.handle.study_id)
    assert [each.state for each in both] == [TrialState.COMPLETE, state]
    assert both[1].user_attrs[CHECKPOINT] is None
    folds = {record.artifact for each in both for record in finished_folds(each.user_attrs, 5)}
    assert files(opened) == before | folds


class KilledError(BaseException):
    """A worker that is no more: nothing of it handles this."""


def killed(*_: object) -> None:
    raise KilledError


@pytest.mark.parametrize(("method", "fold"), [("put", 0), ("remove", 1), ("remove", 4)])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_worker_that_is_killed_while_it_writes_or_removes_leaves_nothing(
    open_study, epochs_trained, monkeypatch, method: str, fold: int, after: bool
) -> None:
    """At the first checkpoint that it writes, or when it removes the one that it went on from, in the last fold too."""
    opened = open_study()
    before = files(opened)
    if method == "remove":
        work(opened, stop_in(2, fold, epochs_trained))
    real, seen = getattr(ArtifactStore, method), []

    def fatal(store: ArtifactStore, what) -> object:
        if method == "put" and not what.startswith(MARK):
            return real(store, what)
        seen.append(what)
        if after:
            real(store, what)
        raise KilledError

    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(ArtifactStore, method, fatal)
        work(open_study(), stop_in(len(epochs_trained) + 2, 0, epochs_trained) if method == "put" else None)
    assert len(seen) == 1
    opened.queue.put_back(held_by_the_dead(opened))
    work(opened)
    assert trial(opened).state == TrialState.COMPLETE
    assert files(opened) == before | {artifact for artifact, _ in fold_results(opened)}


def held_by_the_dead(opened: OpenedStudy) -> Claim:
    stored = trial(opened)
    lease = lease_of(stored)
    assert lease is not None
    return Claim(stored._trial_id, stored.number, lease)


def test_what_could_not_be_removed_is_removed_with_the_next(open_study, held, monkeypatch) -> None:
    opened = open_study()
    before = files(opened)
    checkpoints = Checkpoints(opened.artifacts, held, 0)
    checkpoints.save(lambda: b"first", 1)
    with monkeypatch.context() as patched:
        patched.setattr(ArtifactStore, "remove", away)
        checkpoints.save(lambda: b"second", 2)
        checkpoints.save(lambda: b"third", 3)
    assert len(files(opened) - before) == 3
    checkpoints.save(lambda: b"fourth", 4)
    assert files(opened) - before == {checkpoint_of(held.attributes).artifact}
    with monkeypatch.context() as patched:
        patched.setattr(ArtifactStore, "remove", away)
        held.record(checkpoints.gone)
        checkpoints.remove()
    # The next fold's have no need to be made: the trial's end looks once more.
    discard(opened.artifacts, held)
    assert files(opened) == before


@pytest.fixture
def held() -> HeldTrial:
    """A trial that we hold, and that keeps what is recorded."""
    attributes: dict[str, object] = {}
    return cast(HeldTrial, SimpleNamespace(study_name="s", number=0, attributes=attributes, record=attributes.update))


@pytest.mark.parametrize("happens", ["replaced", "discarded"])
def test_a_worker_that_is_killed_while_a_checkpoint_goes_leaves_nothing(open_study, held, monkeypatch, happens) -> None:
    opened = open_study()
    before = files(opened)
    checkpoints = Checkpoints(opened.artifacts, held, 0)
    checkpoints.save(lambda: b"first", 1)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(ArtifactStore, "remove", killed)
        if happens == "replaced":
            checkpoints.save(lambda: b"second", 2)
        else:
            discard(opened.artifacts, held)
    remove_what_was_left(opened.artifacts, held)
    named = checkpoint_of(held.attributes)
    assert files(opened) == before | ({named.artifact} if happens == "replaced" else set())


def test_what_is_named_is_never_what_was_left(open_study, held) -> None:
    """A call that was sent twice may come late and say so."""
    opened = open_study()
    Checkpoints(opened.artifacts, held, 0).save(lambda: b"state", 1)
    named = checkpoint_of(held.attributes).artifact
    held.record({CHECKPOINT_LEFT: [named]})
    remove_what_was_left(opened.artifacts, held)
    assert opened.artifacts.exists(named)


@pytest.mark.parametrize("left", [["data"], ["another trial's"], ["../../x"], [7], 7, "text"], ids=str)
def test_what_a_hostile_database_calls_left_behind_stays(open_study, held, epochs_trained, left) -> None:
    opened = open_study()
    held.number = 1  # type: ignore[misc]
    Checkpoints(opened.artifacts, held, 0).save(lambda: b"state", 1)
    real = {
        "data": opened.contract.data.development.artifact,
        "another trial's": checkpoint_of(held.attributes).artifact,
    }
    stored = [real.get(name, name) for name in left] if isinstance(left, list) else left
    opened.storage.set_trial_user_attr(trial(opened)._trial_id, CHECKPOINT_LEFT, stored)
    work(opened)
    assert trial(opened).state == TrialState.COMPLETE
    assert all(opened.artifacts.exists(artifact) for artifact in real.values())


def test_a_lost_lease_ends_the_trial_and_leaves_nothing(open_study) -> None:
    opened = open_study()
    before = files(opened)

    def lost(_: dict) -> None:
        raise LeaseLostError("Trial 0 is no longer held.")

    with pytest.raises(LeaseLostError):
        made_with(opened, lost).save(lambda: b"state", 3)
    assert files(opened) == before
