"""A study of one trial that is held and not worked on, and helpers that train its folds ahead, call after call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from hpo.signals import StopFlag
from hpo.study.attributes import CONFIGURATION, FOLD_ACCURACIES, finished_folds
from hpo.study.hints import Hint, hint_of
from hpo.study.opened import OpenedStudy
from hpo.trial.helper import Helper
from hpo.trial.runner import TrialRunner
from hpo.trial.scheduler import Scheduler
from parking import worker_on
from storage.trials.lease import Claim, WorkerIdentity

FOLDS = 5
SPACE = 'encoding = "amino_acid"\nembedding_size = 4\nhidden_size = 4\nlayers = 1\nbatch_size = 64\n'

Open = Callable[[], OpenedStudy]


def trial_of(opened: OpenedStudy, number: int = 0) -> FrozenTrial:
    return opened.storage.get_all_trials(opened.handle.study_id)[number]


def begin(opened: OpenedStudy, folds: int = 0) -> None:
    """Works until the trial has a configuration and so many folds, and is stopped."""
    stop = StopFlag()
    stop.watch(lambda: is_begun(opened, folds))
    worker_on(opened, name="first", stop=stop).work()


def is_begun(opened: OpenedStudy, folds: int) -> bool:
    trials = opened.storage.get_all_trials(opened.handle.study_id)
    return any(
        CONFIGURATION in trial.user_attrs and len(finished_folds(trial.user_attrs, FOLDS)) >= folds for trial in trials
    )


def hold(opened: OpenedStudy) -> Claim:
    """Claims the trial, as a worker does that is at its next fold."""
    claim = opened.queue.claim(WorkerIdentity(worker="holder", host="elsewhere", pid=1, device="cpu"), 1)
    assert claim is not None
    return claim


def helper_on(opened: OpenedStudy, name: str = "helper", stop: StopFlag | None = None) -> Helper:
    """One that is another process: it opens what it needs itself."""
    who = WorkerIdentity(worker=name, host="here", pid=2, device="cpu")
    scheduler = Scheduler(opened) if opened.contract.search.pruner == "chance" else None
    train = TrialRunner.of(opened, "cpu").train_ahead
    return Helper(opened, who, StopFlag() if stop is None else stop, train, scheduler)


def help_with(open_again: Callable[[], OpenedStudy], folds: int, begun: int = 0) -> OpenedStudy:
    """Begins the trial, holds it, trains so many folds ahead and lets go of it; returns the study."""
    opened = open_again()
    begin(opened, begun)
    claim = hold(opened)
    helper = helper_on(open_again())
    assert [helper.help(1) for _ in range(folds)] == [True] * folds
    opened.queue.put_back(claim)
    return opened


def hints(opened: OpenedStudy) -> dict[int, Hint]:
    """What is said of the folds of the trial."""
    attributes = trial_of(opened).user_attrs
    return {fold: hint for fold in range(FOLDS) if (hint := hint_of(attributes, fold)) is not None}


def records(opened: OpenedStudy) -> list[Any]:
    return finished_folds(trial_of(opened).user_attrs, FOLDS)


def numbers(opened: OpenedStudy) -> tuple[Any, ...]:
    """What a trial comes to, whoever trains its folds: to the byte."""
    trial = trial_of(opened)
    artifacts = [(record.artifact, record.epochs) for record in records(opened)]
    return trial.state, trial.value, trial.user_attrs[FOLD_ACCURACIES], trial.intermediate_values, artifacts


def announce(opened: OpenedStudy, fold: int, **more) -> Hint:
    """As a helper does that is never heard of again."""
    told = {"worker": "gone", "host": "there", "pid": 9, "device": "cpu", "token": "t", "training": "f" * 16}
    hint = Hint(**{**told, "renewed_at": 0.0, **more})
    assert opened.storage.ledger.set_hint(trial_of(opened)._trial_id, fold, None, hint.as_dict())
    return hint


def files(opened: OpenedStudy) -> set[Path]:
    return {path for path in Path(opened.artifacts.location).rglob("*") if path.is_file()}
