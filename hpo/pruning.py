"""Pruning between folds: the paired rule, and Optuna's own pruners by name.

The paired rule compares a trial with the incumbent (the best complete trial) fold by fold. All trials share folds
and seeds, so a hard fold is hard for both, and the differences vary much less than the accuracies.
"""

import math
import warnings
from collections.abc import Sequence

import numpy as np
import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState

from hpo.attributes import FOLD_ACCURACIES

#: One-sided: a trial this many standard errors below the incumbent is given up (a 7 % error rate).
Z = 1.5
#: The spread of the differences is not known before this many complete trials.
MIN_COMPLETE = 4
#: Differences may all be equal in a small study; no trial is pruned for less than this.
MIN_SPREAD = 1e-3


class PairedPruner(BasePruner):
    """Prunes a trial whose finished folds are clearly below the incumbent's on the same folds."""

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """See `clearly_below`; Optuna calls it through `trial.should_prune()`."""
        folds = _accuracies(trial)
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        history = [_accuracies(other) for other in complete]
        history = [accuracies for accuracies in history if len(accuracies) > len(folds)]
        if not folds or len(history) < MIN_COMPLETE:
            return False
        incumbent = max(history, key=lambda accuracies: sum(accuracies) / len(accuracies))
        return clearly_below(folds, incumbent, pooled_spread(history, incumbent))


def clearly_below(folds: Sequence[float], incumbent: Sequence[float], spread: float) -> bool:
    """Whether the mean difference to the incumbent lies more than Z standard errors below zero.

    Args:
        folds: Accuracies of the trial's finished folds, in order.
        incumbent: Accuracies of the incumbent's folds, at least as many.
        spread: Standard deviation of a single fold's difference.
    """
    count = len(folds)
    mean = sum(mine - best for mine, best in zip(folds, incumbent, strict=False)) / count
    return mean + Z * max(spread, MIN_SPREAD) / math.sqrt(count) < 0


def pooled_spread(history: Sequence[Sequence[float]], incumbent: Sequence[float]) -> float:
    """Standard deviation of fold differences to the incumbent, pooled over the other complete trials.

    Each trial's own mean difference is taken out first: how much worse a trial is must not count as noise.
    """
    others = [accuracies for accuracies in history if accuracies is not incumbent]
    if not others:
        return 0.0
    # In one go: a study may have ten thousand trials, and this is asked after every fold.
    differences = np.asarray(others, dtype=np.float64) - np.asarray(incumbent, dtype=np.float64)
    squares = float(((differences - differences.mean(axis=1, keepdims=True)) ** 2).sum())
    freedom = len(others) * (len(incumbent) - 1)
    return math.sqrt(squares / freedom) if freedom else 0.0


def pruner_named(name: str) -> BasePruner:
    """The pruner of a contract: "paired", or one of Optuna's."""
    match name:
        case "paired":
            return PairedPruner()
        case "median":
            return optuna.pruners.MedianPruner(n_startup_trials=MIN_COMPLETE)
        case "percentile":
            return optuna.pruners.PercentilePruner(25.0, n_startup_trials=MIN_COMPLETE)
        case "wilcoxon":
            with warnings.catch_warnings():
                # It has kept its interface since 3.6; Optuna still announces it as experimental at every use.
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                return optuna.pruners.WilcoxonPruner(p_threshold=0.1)
        case _:
            return optuna.pruners.NopPruner()


def reported_value(pruner: str, accuracies: Sequence[float]) -> float:
    """What to report to Optuna after a fold: the running mean, or the fold itself for the paired test of Wilcoxon."""
    return accuracies[-1] if pruner == "wilcoxon" else sum(accuracies) / len(accuracies)


def _accuracies(trial: FrozenTrial) -> list[float]:
    values = trial.user_attrs.get(FOLD_ACCURACIES, [])
    return values if isinstance(values, list) else []
