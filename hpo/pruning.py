"""Pruning between folds: the paired rule, and Optuna's own pruners by name.

The paired rule compares a trial with the incumbent (the best complete trial) fold by fold. All trials share folds
and seeds, so a hard fold is hard for both, and the differences vary much less than the accuracies.
"""

import math
import warnings
from collections.abc import Sequence

import numpy as np
import optuna
from numpy.typing import NDArray
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
    """Prunes a trial whose finished folds are clearly below the incumbent's on the same folds.

    It belongs to one study and remembers its complete trials, which change no more: a study may have ten thousand, and
    is asked after every fold.
    """

    def __init__(self) -> None:
        #: [M, K] by trial number; a row of NaN where the trial is not complete, or tells no accuracies.
        self._accuracies = np.empty((0, 0))
        self._known: set[int] = set()

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """See `clearly_below`; Optuna calls it through `trial.should_prune()`."""
        folds = _accuracies(trial)
        history = self._history(study)
        if not 0 < len(folds) < history.shape[1] or len(history) < MIN_COMPLETE:
            return False
        incumbent = history[int(np.argmax(history.mean(axis=1)))]
        return clearly_below(folds, incumbent, pooled_spread(history, incumbent))

    def _history(self, study: optuna.Study) -> NDArray[np.float64]:
        """[M, K] accuracies of the complete trials, by trial number."""
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        new = {other.number: _accuracies(other) for other in complete if other.number not in self._known}
        self._known |= new.keys()
        new = {number: folds for number, folds in new.items() if folds}
        if new:
            self._add(new)
        return self._accuracies[~np.isnan(self._accuracies).any(axis=1)]

    def _add(self, new: dict[int, list[float]]) -> None:
        count, folds = self._accuracies.shape
        grown = np.full((max(count, max(new) + 1), folds or len(next(iter(new.values())))), np.nan)
        grown[:count, :folds] = self._accuracies
        for number, accuracies in new.items():
            if len(accuracies) == grown.shape[1]:
                grown[number] = accuracies
        self._accuracies = grown


def clearly_below(folds: Sequence[float], incumbent: Sequence[float] | NDArray[np.float64], spread: float) -> bool:
    """Whether the mean difference to the incumbent lies more than Z standard errors below zero.

    Args:
        folds: Accuracies of the trial's finished folds, in order.
        incumbent: Accuracies of the incumbent's folds, at least as many.
        spread: Standard deviation of a single fold's difference.
    """
    count = len(folds)
    mean = float(np.mean(np.asarray(folds) - np.asarray(incumbent)[:count]))
    return mean + Z * max(spread, MIN_SPREAD) / math.sqrt(count) < 0


def pooled_spread(history: NDArray[np.float64], incumbent: NDArray[np.float64]) -> float:
    """Standard deviation of fold differences to the incumbent, pooled over the other complete trials.

    Each trial's own mean difference is taken out first: how much worse a trial is must not count as noise.

    Args:
        history: [M, K] accuracies of the complete trials, the incumbent's among them.
        incumbent: [K].
    """
    count, folds = history.shape
    freedom = (count - 1) * (folds - 1)
    # The incumbent's own row adds nothing.
    differences = history - incumbent
    squares = float(((differences - differences.mean(axis=1, keepdims=True)) ** 2).sum())
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
    """What the trial tells; nothing where it tells something else than numbers."""
    values = trial.user_attrs.get(FOLD_ACCURACIES, [])
    are_numbers = isinstance(values, list) and all(isinstance(value, int | float) for value in values)
    return values if are_numbers else []
