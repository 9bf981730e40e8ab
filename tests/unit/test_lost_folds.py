"""A fold whose result is damaged or gone is trained anew; whoever claims its trial lives, and gets the same numbers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import FrozenTrial, TrialState

import hpo.trial.fold_training
from hpo.signals import StopFlag
from hpo.study.attributes import FOLD_ACCURACIES
from hpo.study.opened import OpenedStudy
from hpo.workers.worker import Worker, WorkerReport
from model.configuration import TrainingSettings
from storage.trials.lease import WorkerIdentity

pytestmark = pytest.mark.slow

SPACE = 'encoding = "amino_acid"\nembedding_size = 4\nhidden_size = 4\nlayers = 1\nbatch_size = 64\n'


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The epochs allowed in each training that begins, in order."""
    begun: list[int] = []
    real = hpo.trial.fold_training.train_fold

    def train_fold(*arguments, **options):
        begun.append(options["max_epochs"])
        return real(*arguments, **options)

    monkeypatch.setattr(hpo.trial.fold_training, "train_fold", train_fold)
    return begun


def work(opened: OpenedStudy) -> WorkerReport:
    identity = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
    return Worker(opened=opened, identity=identity, device="cpu", stop=StopFlag()).work()


def trial(opened: OpenedStudy) -> FrozenTrial:
    return opened.storage.get_all_trials(opened.handle.study_id)[0]


def path_of(opened: OpenedStudy, fold: int) -> Path:
    sha256 = trial(opened).user_attrs[f"hpo:fold:{fold}"]["artifact"]
    return Path(opened.artifacts.location) / sha256[:2] / sha256[2:4] / sha256


def _damage(opened: OpenedStudy, fold: int) -> None:
    path_of(opened, fold).write_bytes(b"damaged")


def _lose(opened: OpenedStudy, fold: int) -> None:
    path_of(opened, fold).unlink()


def _scribble(opened: OpenedStudy, fold: int) -> None:
    opened.storage.set_trial_user_attr(trial(opened)._trial_id, f"hpo:fold:{fold}", {"artifact": 7})


def put_back(opened: OpenedStudy, happens: Callable[[OpenedStudy, int], None], folds: list[int]) -> None:
    """Sets the finished trial to WAITING, as one whose worker died before its last word, and something happens."""
    with opened.storage.inner.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE trials SET state = 'WAITING'")
        connection.exec_driver_sql("UPDATE trial_user_attributes SET value_json = 'null' WHERE key = 'hpo:lease'")
        connection.exec_driver_sql("DELETE FROM trial_values")
    for fold in folds:
        happens(opened, fold)


@pytest.mark.parametrize("happens", [_damage, _lose, _scribble])
@pytest.mark.parametrize("folds", [[0], [2], [1, 4]])
def test_lost_folds_alone_are_trained_anew_and_leave_the_same_trial(
    make_study: Callable[..., Callable[[], OpenedStudy]], trained, caplog, happens, folds
) -> None:
    again = make_study(trials=1, space=SPACE, training=TrainingSettings(max_epochs=2, engine="stock"))
    opened = again()
    work(opened)
    before, allowed = trial(opened), list(trained)
    trained.clear()
    put_back(opened, happens, folds)

    # Another process: the first one's cache holds the finished trial.
    opened = again()
    assert work(opened).complete == 1
    after = trial(opened)
    assert trained == [allowed[fold] for fold in folds]
    assert (after.state, after.value) == (TrialState.COMPLETE, before.value)
    assert after.user_attrs[FOLD_ACCURACIES] == before.user_attrs[FOLD_ACCURACIES]
    assert after.intermediate_values == before.intermediate_values
    artifacts = [[one.user_attrs[f"hpo:fold:{fold}"]["artifact"] for fold in range(5)] for one in (before, after)]
    assert artifacts[0] == artifacts[1]
    for fold in folds:
        assert f"trial 0 fold {fold} is trained anew" in caplog.text
        opened.artifacts.get(artifacts[1][fold])
