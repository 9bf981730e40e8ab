"""Nothing twice: what was trained alike, under whatever names, is taken over from one trial into another."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

import hpo.trial.fold_training
import small_training
from hpo.finalizing.usable_trials import usable_folds
from hpo.signals import StopFlag
from hpo.study.attributes import CONFIGURATION, FOLD_ACCURACIES, TRAINING, TWIN
from hpo.study.opened import OpenedStudy
from hpo.trial.development_rows import load_development_rows
from hpo.trial.twins import fingerprint
from hpo.workers.worker import Worker
from made_up_training import SPACE, MadeUpTraining
from model.configuration import LearnerConfig, original_configuration
from storage.trials.lease import WorkerIdentity
from storage.trials.ledger import TrialChange

#: One network in two spellings: without a linear path nothing begins at a regression.
TWO_NAMES = SPACE.replace("hidden_size = { low = 1, high = 4000 }", 'hidden_size = 4\nlinear = "none"') + (
    'linear_start = ["regression", "zero"]\ndropout = 0.1\npooling = "max"\npositions = "none"\n'
    'learning_rate = 0.01\nschedule = "constant"\nweight_decay = 0.0\n'
)


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> MadeUpTraining:
    """Lets every fold reach the same, in no time."""
    made = MadeUpTraining(0, lambda config, fold: 0.8 + fold / 100)
    monkeypatch.setattr(hpo.trial.fold_training, "train_fold", made)
    return made


def work(opened: OpenedStudy, stop: StopFlag | None = None) -> None:
    identity = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
    Worker(opened=opened, identity=identity, device="cpu", stop=StopFlag() if stop is None else stop).work()


def trials(opened: OpenedStudy) -> list[FrozenTrial]:
    return opened.storage.get_all_trials(opened.handle.study_id)


def enqueue(opened: OpenedStudy, *starts: str) -> None:
    """Lets the next trials have these spellings."""
    study = optuna.load_study(study_name="s", storage=opened.address.storage)
    for start in starts:
        study.enqueue_trial({"linear_start": start})


@pytest.mark.parametrize("pruner", ["none", "paired", "chance"])
def test_the_same_training_under_another_name_is_had_once(
    make_study: Callable[..., Callable[[], OpenedStudy]], training: MadeUpTraining, pruner: str, caplog
) -> None:
    opened = make_study(trials=2, space=TWO_NAMES, original="skip", pruner=pruner)()
    enqueue(opened, "regression", "zero")
    with caplog.at_level("INFO"):
        work(opened)
    first, second = trials(opened)
    assert (first.state, second.state) == (TrialState.COMPLETE, TrialState.COMPLETE)
    assert first.params != second.params
    assert first.user_attrs[FOLD_ACCURACIES] == second.user_attrs[FOLD_ACCURACIES]
    assert first.value == second.value
    assert first.intermediate_values == second.intermediate_values
    assert second.user_attrs[TWIN] == {"trial": 0, "folds": [0, 1, 2, 3, 4]}
    assert TWIN not in first.user_attrs
    assert sum(training.finished.values()) == 5
    assert "trial 1: trial 0 was trained alike, 5 folds are its" in caplog.messages
    rows = load_development_rows(opened.contract, opened.artifacts)
    assert len(usable_folds(opened, second, rows)) == 5


def test_folds_of_a_trial_that_goes_on_elsewhere_are_taken_over_and_the_rest_is_trained(
    make_study: Callable[..., Callable[[], OpenedStudy]], training: MadeUpTraining
) -> None:
    open_again = make_study(trials=2, space=TWO_NAMES, original="skip")
    opened, stop = open_again(), StopFlag()
    enqueue(opened, "regression", "zero")
    stop.watch(lambda: sum(training.finished.values()) >= 2)
    work(opened, stop)
    # Another holds the first trial, and has finished two of its folds.
    held = opened.queue.claim(WorkerIdentity(worker="w2", host="laptop", pid=2, device="cpu"), 2)
    assert held is not None
    assert held.number == 0
    other, ended = open_again(), StopFlag()
    ended.watch(lambda: trials(other)[1].state.is_finished())
    work(other, ended)
    second = trials(other)[1]
    assert second.user_attrs[TWIN] == {"trial": 0, "folds": [0, 1]}
    assert second.state == TrialState.COMPLETE
    assert sum(training.finished.values()) == 5


def test_what_is_damaged_is_trained(
    make_study: Callable[..., Callable[[], OpenedStudy]], training: MadeUpTraining
) -> None:
    opened = make_study(trials=2, space=TWO_NAMES, original="skip")()
    enqueue(opened, "regression", "zero")
    stop = StopFlag()
    stop.watch(lambda: trials(opened)[0].state.is_finished())
    work(opened, stop)
    damaged = trials(opened)[0].user_attrs["hpo:fold:2"]["artifact"]
    (found,) = Path(opened.artifacts.location).rglob(damaged)
    found.write_bytes(b"nothing")
    work(opened)
    second = trials(opened)[1]
    assert second.user_attrs[TWIN] == {"trial": 0, "folds": [0, 1]}
    assert training.finished == {(4, 0): 1, (4, 1): 1, (4, 2): 2, (4, 3): 2, (4, 4): 2}
    assert second.state == TrialState.COMPLETE


def test_a_fingerprint_alone_is_not_believed(
    make_study: Callable[..., Callable[[], OpenedStudy]], training: MadeUpTraining
) -> None:
    open_again = make_study(trials=2, space=TWO_NAMES, original="skip")
    opened, stop = open_again(), StopFlag()
    enqueue(opened, "regression", "zero")
    claim = opened.queue.claim(WorkerIdentity(worker="w2", host="laptop", pid=2, device="cpu"), 2)
    assert claim is not None
    # The first trial says that it was trained as the second will be, and was not.
    other = LearnerConfig(**opened.contract.search.space.start.as_dict())
    record = {"fold": 0, "artifact": "0" * 64, "epochs": 1, "seconds": 1.0}
    forged = {TRAINING: fingerprint(other), CONFIGURATION: replace(other, layers=2).as_dict(), "hpo:fold:0": record}
    opened.queue.record(claim, TrialChange(forged))
    stop.watch(lambda: trials(opened)[1].state.is_finished())
    work(open_again(), stop)
    assert TWIN not in trials(opened)[1].user_attrs
    assert sum(training.finished.values()) == 5


def test_configurations_are_alike_that_differ_in_what_does_nothing() -> None:
    base = original_configuration("protein")
    by_mutation = replace(base, encoding="mutation", linear="by_position")
    assert fingerprint(replace(base, linear_start="regression")) == fingerprint(base)
    assert fingerprint(replace(base, linear="by_kmer", linear_start="regression")) == fingerprint(
        replace(base, linear="by_kmer")
    )
    assert fingerprint(replace(by_mutation, positions="learned")) == fingerprint(by_mutation)
    different = [
        base,
        replace(base, positions="learned"),
        replace(base, linear="by_position"),
        replace(base, linear="by_position", linear_start="regression"),
        by_mutation,
        replace(base, dropout=0.2),
    ]
    assert len({fingerprint(config) for config in different}) == len(different)


@pytest.mark.parametrize(
    "change", [{"linear_start": "regression"}, {"linear": "by_kmer", "linear_start": "regression"}]
)
def test_what_is_called_alike_is_trained_alike(change: dict) -> None:
    config = replace(small_training.CONFIG, **change)
    assert config != config.effective
    one, other = small_training.fold(config), small_training.fold(config.effective)
    assert one.curves == other.curves
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
