"""Which finished trials an answer may rest on: those whose records and results are whole and agree.

What a database holds is input, and artifacts may be damaged or gone. A trial that cannot be used is left out with its
reason, which the report tells; one of them must not keep the others from being answered.
"""

import math
from collections.abc import Mapping
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from hpo.errors import HpoError
from hpo.study.attributes import EPOCHS, finished_folds, fold_accuracies, learner_config
from hpo.study.objective import fold_scores
from hpo.study.opened import OpenedStudy
from hpo.trial.development_rows import DevelopmentRows
from hpo.trial.fold_results import read_fold
from model.training import FoldResult


class UnusableTrialError(HpoError):
    """A trial's records or results are damaged, gone, or another program's."""


def folds_of(opened: OpenedStudy, trial: FrozenTrial, development: DevelopmentRows) -> list[FoldResult]:
    """Reads the results of a trial's finished folds, in order.

    Raises:
        FoldLostError: One of them is damaged or gone.
    """
    records = finished_folds(trial.user_attrs, opened.contract.splitting.folds)
    return [read_fold(opened.artifacts, record, development.validated(record.fold)) for record in records]


def chosen_epoch(attributes: Mapping[str, Any]) -> int | None:
    """Reads the epoch that is best for all folds of a trial, from 1; None where it tells none.

    Args:
        attributes: A trial's user attributes.
    """
    epoch = attributes.get(EPOCHS)
    return epoch if type(epoch) is int and epoch >= 1 else None


def usable_folds(opened: OpenedStudy, trial: FrozenTrial, development: DevelopmentRows) -> list[FoldResult]:
    """Reads the results of a trial, and checks that an answer may rest on them.

    Args:
        opened: The study.
        trial: One that is complete or pruned.
        development: The study's rows.

    Raises:
        UnusableTrialError: Why not.
        StorageError: The artifacts cannot be read at all.
    """
    try:
        folds = folds_of(opened, trial, development)
    except HpoError as error:
        raise UnusableTrialError(error.message) from error
    accuracies, epoch = fold_accuracies(trial.user_attrs), chosen_epoch(trial.user_attrs)
    expected = opened.contract.splitting.folds if trial.state == TrialState.COMPLETE else len(accuracies)
    if not len(folds) == len(accuracies) == expected or not folds:
        raise UnusableTrialError(f"It has {len(folds)} results and {len(accuracies)} accuracies of {expected} folds.")
    if learner_config(trial.user_attrs) is None:
        raise UnusableTrialError("Its configuration cannot be read.")
    if epoch is None or epoch > min(fold.curves.epochs for fold in folds):
        raise UnusableTrialError("The number of its epochs cannot be read.")
    scores = fold_scores(trial.user_attrs, opened.contract.search.objective)
    if len(scores) != len(folds):
        raise UnusableTrialError(f"It has {len(folds)} results and {len(scores)} scores of {expected} folds.")
    mean = sum(scores) / len(scores)
    if trial.value is None or not math.isclose(trial.value, mean, abs_tol=1e-9):
        raise UnusableTrialError(f"Its value is {trial.value}, the mean of its folds {mean:.4f}: somebody changed it.")
    return folds
