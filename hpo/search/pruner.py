"""Pruning between folds: the paired rule, and Optuna's own pruners by name.

The paired rule compares a trial with the incumbent (the best complete trial) fold by fold. All trials share folds
and seeds, so a hard fold is hard for both, and the differences vary much less than the scores.
"""

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState

#: One-sided: a trial this many standard errors below the incumbent is given up (a 7 % error rate).
Z = 1.5
#: The spread of the differences is not known before this many complete trials.
MIN_COMPLETE = 4
#: Differences may all be equal in a small study; no trial is pruned for less than this.
MIN_SPREAD = 1e-3
#: Seconds between looks at the study within one trial.
LOOK_EVERY_S = 60.0

#: Reads the scores of its finished folds from a trial's user attributes, higher is better; none where they tell none.
ReadScores = Callable[[Mapping[str, Any]], tuple[float, ...]]


class PairedPruner(BasePruner):
    """Prunes a trial whose finished folds are clearly below the incumbent's on the same folds.

    It belongs to one study and remembers its complete trials, which change no more: a study may have ten thousand, and
    is asked after every fold. Within a trial it looks for others that have ended meanwhile once a minute: a look costs
    tens of milliseconds in a large study.

    Args:
        folds: K.
        scores: How a trial tells its own.
        clock: Seconds, monotonic.
    """

    def __init__(self, folds: int, scores: ReadScores, clock: Callable[[], float] = time.monotonic) -> None:
        self._folds, self._scores, self._clock = folds, scores, clock
        #: The trial that asked last, and when the study was last looked at.
        self._asked_for: int | None = None
        self._looked_at = 0.0
        #: Scores by trial number; None where a complete trial does not tell K of them.
        self._known: dict[int, tuple[float, ...] | None] = {}
        #: [M, K] those that tell, by number.
        self._history = np.empty((0, folds))

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """See `clearly_below`; Optuna calls it through `trial.should_prune()`."""
        # At each new trial: with one worker, what it sees depends on no clock.
        if trial.number != self._asked_for or self._clock() - self._looked_at >= LOOK_EVERY_S:
            self._look(study)
            self._asked_for, self._looked_at = trial.number, self._clock()
        folds, history = self._scores(trial.user_attrs), self._history
        if not 0 < len(folds) < self._folds or len(history) < MIN_COMPLETE:
            return False
        incumbent = history[int(np.argmax(history.mean(axis=1)))]
        return clearly_below(folds, incumbent, pooled_spread(history, incumbent))

    def _look(self, study: optuna.Study) -> None:
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        new = {other.number: self._scores(other.user_attrs) for other in complete if other.number not in self._known}
        if new:
            self._known |= {number: told if len(told) == self._folds else None for number, told in new.items()}
            told_all = [told for _, told in sorted(self._known.items()) if told is not None]
            self._history = np.array(told_all, dtype=np.float64).reshape(-1, self._folds)


def clearly_below(folds: Sequence[float], incumbent: Sequence[float] | NDArray[np.float64], spread: float) -> bool:
    """Whether the mean difference to the incumbent lies more than Z standard errors below zero.

    Args:
        folds: Scores of the trial's finished folds, in order.
        incumbent: Scores of the incumbent's folds, at least as many.
        spread: Standard deviation of a single fold's difference.
    """
    count = len(folds)
    mean = float(np.mean(np.asarray(folds) - np.asarray(incumbent)[:count]))
    return mean + Z * max(spread, MIN_SPREAD) / math.sqrt(count) < 0


def pooled_spread(history: NDArray[np.float64], incumbent: NDArray[np.float64]) -> float:
    """Standard deviation of fold differences to the incumbent, pooled over the other complete trials.

    Each trial's own mean difference is taken out first: how much worse a trial is must not count as noise.

    Args:
        history: [M, K] scores of the complete trials, the incumbent's among them.
        incumbent: [K].
    """
    count, folds = history.shape
    freedom = (count - 1) * (folds - 1)
    # The incumbent's own row adds nothing.
    differences = history - incumbent
    squares = float(((differences - differences.mean(axis=1, keepdims=True)) ** 2).sum())
    return math.sqrt(squares / freedom) if freedom else 0.0


def pruner_named(name: str, folds: int, scores: ReadScores) -> BasePruner:
    """Makes the pruner of a contract: "paired", or one of Optuna's.

    Args:
        name: As `--pruner` has it.
        folds: K.
        scores: How a trial tells those of its finished folds.
    """
    match name:
        case "paired":
            return PairedPruner(folds, scores)
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


def reported_value(pruner: str, scores: Sequence[float]) -> float:
    """What to report to Optuna after a fold: the running mean, or the fold itself for the paired test of Wilcoxon."""
    return scores[-1] if pruner == "wilcoxon" else sum(scores) / len(scores)
