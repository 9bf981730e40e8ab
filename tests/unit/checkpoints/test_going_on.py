"""A fold that was interrupted goes on at its checkpoint, on any worker, and ends with the numbers it would have had."""

import itertools

import pytest
from optuna.trial import TrialState

from hpo.study.attributes import CHECKPOINT, finished_folds
from hpo.trial.checkpoints import EVERY_S, Checkpoints
from model.fitting import Fitting

pytestmark = pytest.mark.slow

EPOCHS = [1, 2, 3, 4]


@pytest.mark.parametrize(("epoch", "fold"), [(1, 0), (2, 1), (3, 4)])
def test_a_stop_lets_the_epoch_end_and_another_worker_goes_on_after_it(
    search, undisturbed, epochs_trained, epoch, fold
) -> None:
    search.work(search.stop_in(epoch, fold))
    assert search.trial().state == TrialState.WAITING
    assert (search.record().fold, search.record().epochs) == (fold, epoch)
    assert search.left() == {search.path().name}
    assert epochs_trained == [*EPOCHS * fold, *EPOCHS[:epoch]]

    epochs_trained.clear()
    search.work()
    assert search.trial().state == TrialState.COMPLETE
    assert epochs_trained[: 4 - epoch] == EPOCHS[epoch:]
    assert search.trial().user_attrs[CHECKPOINT] is None
    assert search.left() == set()
    assert search.fold_results() == undisturbed()


def test_a_stop_in_the_last_epoch_finishes_the_fold(search) -> None:
    search.work(search.stop_in(4, 0))
    assert search.trial().state == TrialState.WAITING
    assert len(search.fold_results()) == 1
    assert search.record() is None
    assert search.left() == set()


def test_an_epoch_that_is_too_long_ends_at_its_next_batch(search, epochs_trained) -> None:
    # Ten seconds from one look at the clock to the next.
    search.work(search.stop_in(2, 0, clock=itertools.count(0.0, 10.0).__next__))
    assert search.trial().state == TrialState.WAITING
    assert search.record() is None
    assert epochs_trained == [1, 2]


def test_a_long_fold_leaves_a_checkpoint_every_minute_and_one_at_a_time(search, monkeypatch) -> None:
    now = [0.0]
    saved: list[tuple[float, int]] = []
    real_epoch, real_save = Fitting.one_epoch, Checkpoints.save

    def one_epoch(self: Fitting, *arguments):
        now[0] += 0.75 * EVERY_S
        return real_epoch(self, *arguments)

    def save(self: Checkpoints, *arguments) -> None:
        real_save(self, *arguments)
        saved.append((now[0], len(search.left())))

    monkeypatch.setattr(Fitting, "one_epoch", one_epoch)
    monkeypatch.setattr(Checkpoints, "save", save)
    search.work(clock=lambda: now[0])
    # Each fold's epochs end after 45, 90, 135 and 180 s; the last is the fold's end.
    assert [at for at, _ in saved] == [fold * 180.0 + 90.0 for fold in range(5)]
    assert {files for _, files in saved} == {1}
    assert search.left() == set()
    assert [record.seconds for record in finished_folds(search.trial().user_attrs, 5)] == [180.0] * 5


def test_seconds_are_those_of_all_workers(search) -> None:
    now, held = [100.0], search.hold()
    first = Checkpoints(search.opened.artifacts, search.opened.contract, held, clock=lambda: now[0])
    assert first.begin(0) is None
    now[0] += 30.0
    first.save(lambda: b"state", [0.5, 0.6])
    second = Checkpoints(search.opened.artifacts, search.opened.contract, held, clock=lambda: now[0])
    assert second.begin(0) == b"state"
    now[0] += 5.0
    assert second.seconds == pytest.approx(35.0)
    second.begin_anew("damaged")
    assert second.seconds == pytest.approx(5.0)
    assert second.begin(1) is None
    assert second.seconds == 0.0


def test_a_study_whose_checkpoint_an_earlier_version_made_goes_on(search, undisturbed, caplog) -> None:
    """Its bytes lie under their hash, where nobody looks any more; they stay."""
    artifact = search.opened.artifacts.put(b"as it was written then")
    search.write_record({"fold": 0, "artifact": artifact, "epochs": 2, "seconds": 1.5})
    search.work()
    assert "trial 0 fold 0 begins anew: " in caplog.text
    assert search.trial().state == TrialState.COMPLETE
    assert search.fold_results() == undisturbed()
    assert search.opened.artifacts.exists(artifact)
