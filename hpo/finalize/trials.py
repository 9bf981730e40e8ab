"""What the search left: trials, the winner's curves, and every complete trial's out-of-fold predictions."""

import warnings
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

from hpo.attributes import CONFIGURATION, EPOCHS, FOLD_ACCURACIES, finished_folds
from hpo.development import Development
from hpo.errors import NotFinishedError
from hpo.folds import read_fold
from hpo.report import evidence
from hpo.session import Session
from hpo.status import best_trial, trials_in_budget
from model.configuration import LearnerConfig
from model.training import FoldResult
from storage.leases import REASON

#: Below this many complete trials, an importance would be a number without meaning.
MIN_FOR_IMPORTANCE = 5


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The trial that the search chose."""

    trial: FrozenTrial
    config: LearnerConfig
    #: Epochs of the final model: one for all folds, determined by cross-validation.
    epochs: int
    folds: tuple[FoldResult, ...]


def finished_trials(session: Session) -> list[FrozenTrial]:
    """Trials in the budget that have ended, by number."""
    return [trial for trial in trials_in_budget(session, session.budget) if trial.state.is_finished()]


def choose_winner(session: Session, trials: list[FrozenTrial]) -> Winner:
    """The best complete trial, with its folds.

    Raises:
        NotFinishedError: No trial is complete.
    """
    best = best_trial([trial for trial in trials if trial.state == TrialState.COMPLETE])
    if best is None:
        reasons = {str(trial.user_attrs.get(REASON)) for trial in trials if trial.state == TrialState.FAIL}
        raise NotFinishedError(
            f"Study {session.handle.name!r} has no complete trial"
            + (f"; failed ones say: {'; '.join(sorted(reasons))}" if reasons else "")
            + ".",
            "Let workers run: hpo worker. If all trials failed, change the search space or the data.",
        )
    return Winner(
        trial=best,
        config=LearnerConfig(**best.user_attrs[CONFIGURATION]),
        epochs=int(best.user_attrs[EPOCHS]),
        folds=tuple(_folds(session, best)),
    )


def trial_evidence(session: Session, trial: FrozenTrial) -> evidence.Trial:
    """A finished trial, for the report."""
    records = finished_folds(trial.user_attrs, session.contract.splitting.folds)
    return evidence.Trial(
        number=trial.number,
        state=cast(evidence.State, trial.state.name),
        params=dict(trial.user_attrs.get(CONFIGURATION) or trial.params),
        fold_accuracies=tuple(trial.user_attrs.get(FOLD_ACCURACIES, ())),
        chosen_epoch=trial.user_attrs.get(EPOCHS),
        seconds=sum(record.seconds for record in records),
        reason=str(trial.user_attrs.get(REASON) or ""),
    )


def out_of_fold(
    session: Session, trials: list[FrozenTrial], development: Development, labels: NDArray[np.bool_]
) -> evidence.OutOfFold:
    """Which rows each complete trial got right while they were held out."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    correct = [
        (held_out(_folds(session, trial), int(trial.user_attrs[EPOCHS]), development.folds) > 0.5) == labels
        for trial in complete
    ]
    return evidence.OutOfFold(numbers=tuple(trial.number for trial in complete), correct=np.stack(correct, axis=1))


def held_out(
    folds: list[FoldResult] | tuple[FoldResult, ...], epoch: int, fold_of_row: NDArray[np.int64]
) -> NDArray[np.float64]:
    """[N] P(resistant) of each development row from the fold that did not train on it, after `epoch` epochs."""
    probabilities = np.empty(len(fold_of_row))
    for fold, result in enumerate(folds):
        probabilities[fold_of_row == fold] = result.probabilities[epoch - 1]
    return probabilities


def importances(session: Session, trials: list[FrozenTrial]) -> dict[str, float]:
    """Share of the variance in accuracy that each hyperparameter explains (fANOVA); empty for small studies."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if len(complete) < MIN_FOR_IMPORTANCE or len({trial.value for trial in complete}) < 2:
        return {}
    names = [
        name
        for name in session.contract.search.space.searched
        if all(name in trial.params for trial in complete) and len({t.params[name] for t in complete}) > 1
    ]
    if not names:
        return {}
    # Trials of another study object would be read again and again; a copy in memory holds just the complete ones.
    copy = optuna.create_study(direction="maximize")
    copy.add_trials(complete)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental parts of Optuna say so on every call
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=session.contract.seed)
        shares: dict[str, Any] = optuna.importance.get_param_importances(copy, evaluator=evaluator, params=names)
    return {name: float(share) for name, share in shares.items()}


def _folds(session: Session, trial: FrozenTrial) -> list[FoldResult]:
    records = finished_folds(trial.user_attrs, session.contract.splitting.folds)
    return [read_fold(session.artifacts, record) for record in records]
