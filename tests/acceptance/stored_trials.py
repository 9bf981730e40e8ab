"""Trials as the storage holds them."""

from optuna.trial import FrozenTrial

from hpo.study.attributes import FOLD_ACCURACIES
from hpo.study.opened import OpenedStudy


def trials(opened: OpenedStudy) -> list[FrozenTrial]:
    """Every trial of a study, by number."""
    return opened.storage.get_all_trials(opened.handle.study_id)


def has_a_fold(opened: OpenedStudy) -> bool:
    """Whether a fold of any trial is finished."""
    return any("hpo:fold:0" in trial.user_attrs for trial in trials(opened))


def running(opened: OpenedStudy) -> int:
    """How many trials are at work."""
    return sum(trial.state.name == "RUNNING" for trial in trials(opened))


def numbers(trial: FrozenTrial) -> tuple[object, ...]:
    """What must be alike wherever and however often a trial was interrupted."""
    return trial.number, trial.state, trial.params, trial.user_attrs.get(FOLD_ACCURACIES)
