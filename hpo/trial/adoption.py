"""What who holds a trial does before it trains a fold: somebody may have trained it ahead, or may be at it.

What was trained ahead is cut to the epochs that the folds before allow, and recorded as if it had been trained here.
Where somebody is at the fold, the next one that nobody is at is trained ahead, by the same way; where none is left, the
fold is waited for, but no longer than any fold of this trial took: no slow helper makes a trial take twice as long.

Hints are input like any other. One that cannot be read is none. One that is of another configuration, or names what is
no result of this fold, is told in the log; then the fold is trained.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpo.errors import ContractError
from hpo.study.attributes import FoldRecord, finished_folds, fold_record
from hpo.study.hints import Hint, read_hint
from hpo.trial.ahead import NotWantedError, TrialAhead
from hpo.trial.fold_results import FoldLostError, read_fold
from hpo.trial.fold_training import FoldTraining
from hpo.trial.held_trial import HeldTrial
from hpo.trial.hint_watch import HintWatch
from hpo.trial.twins import fingerprint
from model.configuration import LearnerConfig
from model.epochs import Curves, should_stop
from model.training import FoldResult

#: Seconds that a fold is waited for in any case: announcing and storing one takes time too.
LEAST_PATIENCE_S = 1.0
#: Seconds between looks at a fold that is waited for: the first, doubled each time up to the last.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """A fold that was trained ahead.

    Attributes:
        result: Cut to the epochs that it may take.
        seconds: That its training took.
        worker: Who trained it.
    """

    result: FoldResult
    seconds: float
    worker: str


class _UselessError(Exception):
    """What a hint names is not what the fold comes to."""


class Adoption:
    """Looks for folds of one trial that are trained ahead.

    Args:
        training: Trains folds on our device.
        trial: That is held.
        config: Its configuration.
    """

    def __init__(self, training: FoldTraining, trial: HeldTrial, config: LearnerConfig) -> None:
        self._training, self._trial, self._config = training, trial, config
        self._contract = training.contract
        one_fold = self._contract.is_original(trial.number) and self._contract.original == "one-fold"
        self._folds = 1 if one_fold else self._contract.splitting.folds
        self._watch = HintWatch(self._contract.leases.timeout_s, training.clock)
        self._ahead = TrialAhead(
            opened=trial.opened,
            trial_id=trial.claim.trial_id,
            number=trial.number,
            who=trial.claim.lease.identity,
            stop=trial.stop,
            check=trial.check_without_grace,
            token=trial.claim.lease.token,
        )
        self._waited_s = 0.0
        self._failed = False

    def result_of(self, fold: int, most_epochs: int) -> Adopted | None:
        """The result of the fold that was trained ahead; None where it is to be trained here.

        Args:
            fold: The trial's first that is not finished.
            most_epochs: Epochs that it may take.

        Raises:
            StopRequested, LeaseLostError: As between two batches.
            StorageError: The storage does not answer, or the artifacts cannot be read at all.
        """
        self._waited_s = 0.0
        while True:
            seen = self._ahead.hints()
            hint = read_hint(seen.get(fold))
            if hint is not None and hint.is_done:
                return self._adopted(hint, fold, most_epochs)
            if hint is None or not self._is_at_work(fold, hint):
                return None
            if not self._trains_another(seen, fold) and not self._waits():
                return None

    def _adopted(self, hint: Hint, fold: int, most_epochs: int) -> Adopted | None:
        try:
            return self._checked(hint, fold, most_epochs)
        except (FoldLostError, ContractError, _UselessError) as error:
            shown = f"trial {self._trial.number} fold {fold}"
            log.warning("%s: what was trained ahead is of no use: %s", shown, error)
            return None

    def _checked(self, hint: Hint, fold: int, most_epochs: int) -> Adopted:
        """What a hint names, cut to its epochs; raises what is wrong with it."""
        if hint.training != fingerprint(self._config):
            raise _UselessError("it is of another configuration")
        record = FoldRecord(fold=fold, artifact=str(hint.artifact), epochs=hint.epochs, seconds=hint.seconds)
        self._contract.check_device(hint.device)
        result = read_fold(self._training.artifacts, record, self._training.development.validated(fold))
        cut = first_epochs(result, most_epochs, self._contract.settings.patience)
        if cut is None:
            raise _UselessError(f"no training of up to {most_epochs} epochs begins with its {hint.epochs}")
        return Adopted(result=cut, seconds=hint.seconds, worker=hint.worker)

    def _is_at_work(self, fold: int, hint: Hint) -> bool:
        """Whether somebody else is at the fold."""
        return hint.token != self._ahead.token and self._watch.is_fresh(self._trial.number, fold, hint)

    def _trains_another(self, seen: Mapping[int, Any], fold: int) -> bool:
        """Trains the next fold ahead that nobody is at; returns whether there was one."""
        others = (other for other in range(fold + 1, self._folds) if self._is_free(other, seen.get(other)))
        other = None if self._failed else next(others, None)
        if other is None:
            return False
        ahead = self._ahead.announce(other, seen.get(other), self._config, self._records)
        if ahead is None:
            return False
        self._trial.at_work_on(other)
        with suppress(NotWantedError):
            self._failed = not ahead.train(self._training)
        self._trial.at_work_on(fold)
        return True

    def _is_free(self, fold: int, stands: object) -> bool:
        hint = read_hint(stands)
        taken = hint is not None and (hint.is_done or self._is_at_work(fold, hint))
        return not taken and fold_record(self._trial.attributes, fold) is None

    def _waits(self) -> bool:
        """Waits a little; returns False where it was long enough."""
        if self._waited_s >= max([LEAST_PATIENCE_S, *(record.seconds for record in self._records)]):
            return False
        pause = min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, self._waited_s))
        self._trial.wait(pause)
        self._waited_s += pause
        return True

    @property
    def _records(self) -> list[FoldRecord]:
        return finished_folds(self._trial.attributes, self._folds)


def first_epochs(result: FoldResult, most_epochs: int, patience: int) -> FoldResult | None:
    """What the training of a fold would have left that may take fewer epochs.

    Args:
        result: Of a training that could take as many, or more.
        most_epochs: Epochs that are allowed.
        patience: Epochs without a better validation loss that end a training.

    Returns:
        None where a training that is allowed so many epochs cannot begin so: it would have ended before, or gone on.
    """
    losses = result.curves.validation_loss
    last = min(most_epochs, len(losses))
    ends = next((count for count in range(1, last + 1) if should_stop(losses[:count], patience)), most_epochs)
    if ends != last or not np.isfinite(losses[:last]).all():
        return None
    curves = Curves(**{name: curve[:last] for name, curve in vars(result.curves).items()})
    return FoldResult(curves, result.probabilities[:last])
