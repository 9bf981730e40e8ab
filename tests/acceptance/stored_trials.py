"""Trials as the storage holds them."""

from optuna.trial import FrozenTrial

from hpo.study.attributes import FOLD_ACCURACIES
from hpo.study.opened import Session


def trials(session: Session) -> list[FrozenTrial]:
    """Every trial of a study, by number."""
    return session.storage.get_all_trials(session.handle.study_id)


def has_a_fold(session: Session) -> bool:
    """Whether a fold of any trial is finished."""
    return any("hpo:fold:0" in trial.user_attrs for trial in trials(session))


def numbers(trial: FrozenTrial) -> tuple[object, ...]:
    """What must be alike wherever and however often a trial was interrupted."""
    return trial.number, trial.state, trial.params, trial.user_attrs[FOLD_ACCURACIES]
