"""A checkpoint that is lost, damaged, another's or hostile, or cannot be made, costs its epochs and never the trial."""

import logging

import pytest
from optuna.trial import TrialState

from hpo.study.attributes import CHECKPOINT
from hpo.trial.checkpoints import Checkpoints
from storage.artifacts import NamedBlobs
from storage.errors import StorageError, StorageUnavailableError
from storage.trials.queue import TrialQueue

pytestmark = pytest.mark.slow

EPOCHS = [1, 2, 3, 4]


def no_bytes(search) -> None:
    search.path().unlink()


def a_flipped_bit(search) -> None:
    stored = bytearray(search.path().read_bytes())
    stored[-1] ^= 1
    search.path().write_bytes(stored)


def no_file_at_all(search) -> None:
    search.path().unlink()
    search.path().mkdir()


def no_state(search) -> None:
    NamedBlobs(search.opened.artifacts).write(search.name(), b"nonsense")


def another_folds(search) -> None:
    """As a worker leaves that dies between the record of a fold's first checkpoint and its bytes."""
    search.write_record(search.trial().user_attrs[CHECKPOINT] | {"fold": 2})
    search.work(search.stop_in(4, 0))  # fold 1 anew, as it seems to have no checkpoint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("happens", "fold"),
    [(no_bytes, 1), (a_flipped_bit, 1), (no_file_at_all, 1), (no_state, 1), (another_folds, 2)],
)
def test_a_checkpoint_that_is_gone_or_damaged_costs_its_epochs_only(
    search, undisturbed, epochs_trained, caplog, happens, fold
) -> None:
    search.work(search.stop_in(2, 1))
    happens(search)
    epochs_trained.clear()
    with caplog.at_level(logging.WARNING):
        search.work()
    assert f"fold {fold} begins anew" in caplog.text
    assert epochs_trained == EPOCHS * (5 - fold)
    assert search.fold_results() == undisturbed()


@pytest.mark.parametrize("stored", ["text", {"fold": 0}, {"fold": 0, "epochs": 1, "seconds": -1.0}, [7], 7], ids=str)
def test_a_record_that_is_damaged_is_as_good_as_none(search, epochs_trained, stored) -> None:
    search.write_record(stored)
    search.work()
    assert search.trial().state == TrialState.COMPLETE
    assert epochs_trained == EPOCHS * 5


def test_a_hostile_database_names_no_bytes(search) -> None:
    data = search.opened.contract.data.development.artifact
    search.write_record({"fold": 0, "artifact": data, "name": "../../x", "epochs": 1, "seconds": 1.0})
    search.work()
    assert search.trial().state == TrialState.COMPLETE
    assert search.opened.artifacts.exists(data)


def away(*_: object) -> None:
    raise StorageUnavailableError("The storage does not answer.")


def full(*_: object) -> bytes:
    raise MemoryError("cannot allocate")


def test_where_there_is_no_memory_for_one_training_goes_on(search, caplog) -> None:
    checkpoints = Checkpoints(search.opened.artifacts, search.opened.contract, search.hold())
    checkpoints.save(full, [0.5] * 3)
    assert "trial 0 fold 0: no checkpoint after epoch 3: cannot allocate" in caplog.text


def test_where_the_storage_is_away_training_goes_on(search, caplog, monkeypatch) -> None:
    checkpoints = Checkpoints(search.opened.artifacts, search.opened.contract, search.hold())
    monkeypatch.setattr(TrialQueue, "record", away)
    checkpoints.save(lambda: b"state", [0.5] * 3)
    assert "trial 0 fold 0: no checkpoint after epoch 3: The storage does not answer." in caplog.text
    assert search.left() == set()


def test_a_folder_that_takes_nothing_more_costs_no_trial(search, epochs_trained, monkeypatch) -> None:
    """The disk is full for checkpoints; what folds leave is small."""

    def write(*_: object) -> None:
        raise StorageError("The artifact folder cannot be written: No space left on device.")

    monkeypatch.setattr(NamedBlobs, "write", write)
    search.work(search.stop_in(2, 0))
    assert search.trial().state == TrialState.WAITING
    search.work()
    assert search.trial().state == TrialState.COMPLETE
    assert epochs_trained == [1, 2, *EPOCHS * 5]
    assert search.left() == set()
