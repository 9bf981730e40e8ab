"""A fold that is trained ahead: announced in its trial, trained, and left there for whoever holds the trial.

A fold's numbers are those of its configuration, seed and data. Earlier folds limit how many epochs it may take, and the
learning rate's schedule keeps the settings' horizon; so what is trained without that limit begins with what would be
trained under it, and is cut when it is used (`hpo.trial.adoption`).

Who trains ahead has no lease. The announcement keeps others away from the fold, and is renewed as a lease is; where it
is not, others take the fold as free. It is written by compare-and-set, so that of two at one fold one goes elsewhere.
Whatever goes wrong here leaves nothing: who holds the trial comes to the fold, and judges by what it meets itself.
"""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from optuna.trial import FrozenTrial, TrialState

from hpo.errors import DeviceLostError, HpoError, StopRequested
from hpo.logs import about
from hpo.signals import StopFlag
from hpo.stop_times import STORAGE_HURRY_S, wait_s
from hpo.study.attributes import FoldRecord, fold_record
from hpo.study.hints import Hint
from hpo.study.opened import OpenedStudy
from hpo.trial.fold_results import write_fold
from hpo.trial.fold_training import FoldTraining
from hpo.trial.twins import fingerprint
from model.configuration import LearnerConfig
from model.errors import TrainingError
from model.runtime import computes
from model.training import Curves, FoldResult
from storage.errors import StorageError
from storage.trials.lease import WorkerIdentity

_UNFINISHED = (TrialState.RUNNING, TrialState.WAITING)

log = logging.getLogger(__name__)


class NotWantedError(Exception):
    """The fold is somebody else's meanwhile, or its trial is at work no more."""


@dataclass(frozen=True, kw_only=True)
class TrialAhead:
    """A trial some of whose folds are trained ahead.

    Args:
        opened: The study.
        trial_id: The trial's id.
        number: Its number.
        who: Who trains ahead.
        stop: Set when the worker is to stop.
        check: Called between two batches; raises to stop. There is no checkpoint that the epoch's end would be worth.
        token: Of its announcements; that of the lease where who holds the trial trains ahead.
        clock: Seconds, monotonic.
    """

    opened: OpenedStudy
    trial_id: int
    number: int
    who: WorkerIdentity
    stop: StopFlag
    check: Callable[[], None]
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    clock: Callable[[], float] = time.monotonic

    def in_a_hurry(self, seconds: float) -> Self:
        """The same trial, for calls that must not wait long for a storage that is away."""
        return replace(self, opened=self.opened.in_a_hurry(seconds))

    def look(self) -> FrozenTrial:
        """The trial as it stands now.

        Raises:
            KeyError: Somebody has deleted the study.
        """
        return self.opened.storage.get_trial(self.trial_id)

    def hints(self) -> dict[int, Any]:
        """What stands there of folds that are trained ahead, by fold: a small read."""
        return self.opened.storage.ledger.hints_in(self.trial_id)

    def announce(
        self, fold: int, seen: object, config: LearnerConfig, records: Sequence[FoldRecord]
    ) -> "FoldAhead | None":
        """Says that the fold is at work; None where somebody was faster.

        Args:
            fold: From 0.
            seen: What stood there when it was found free.
            config: The trial's.
            records: Of its finished folds, which limit the epochs of this one.
        """
        hint = Hint(**asdict(self.who), token=self.token, training=fingerprint(config), renewed_at=time.time())
        if not self.tell(hint, fold, seen):
            return None
        most_epochs = min((record.epochs for record in records), default=self.opened.contract.settings.max_epochs)
        return FoldAhead(self, fold, config, most_epochs, hint)

    def tell(self, hint: Hint | None, fold: int, seen: object) -> bool:
        """Writes an announcement in the place of what was seen there; returns whether it stands there."""
        told = None if hint is None else hint.as_dict()
        return self.opened.storage.ledger.set_hint(self.trial_id, fold, seen, told)


class FoldAhead:
    """One fold of a trial, announced.

    Args:
        trial: The trial.
        fold: From 0.
        config: Its configuration.
        most_epochs: Epochs that the fold may take, as far as that is known.
        hint: As it stands in the trial.
    """

    def __init__(self, trial: TrialAhead, fold: int, config: LearnerConfig, most_epochs: int, hint: Hint) -> None:
        self.trial, self.fold = trial, fold
        self._config, self._most_epochs, self._hint = config, most_epochs, hint
        self._interval_s = trial.opened.contract.leases.beat_interval_s
        self._told_at = trial.clock()
        self._epochs = 0

    def train(self, training: FoldTraining) -> bool:
        """Trains the fold and leaves it in the trial.

        Args:
            training: Trains it.

        Returns:
            Whether it is left there; not where it cannot be trained.

        Raises:
            NotWantedError: Nobody wants it any more.
            StopRequested, LeaseLostError: What `check` of the trial raises.
            DeviceLostError: The device computes nothing any more.
            StorageError, OSError: The result cannot be stored.
        """
        started = training.clock()
        try:
            with about(trial=self.trial.number, fold=self.fold):
                result = self._result(training)
                return result is not None and self._leave(training, result, training.clock() - started)
        except NotWantedError:
            log.info("%s: trained ahead for nothing, nobody wants it any more", self._shown)
            raise
        finally:
            if not self._hint.is_done:
                self.withdraw()

    def withdraw(self) -> None:
        """Takes the announcement back; where the storage is away, it runs out."""
        hurried = self.trial.in_a_hurry(wait_s(STORAGE_HURRY_S, self.trial.stop.asked_s_ago))
        with suppress(StorageError):
            hurried.tell(None, self.fold, self._hint.as_dict())

    def _result(self, training: FoldTraining) -> FoldResult | None:
        watchdog = training.watchdog()

        def on_batch() -> None:
            watchdog.step()
            self.trial.check()
            if self.trial.clock() - self._told_at >= self._interval_s:
                with watchdog.away():
                    self._renew()

        def on_epoch(curves: Curves, checkpoint: Callable[[], bytes]) -> None:
            self._epochs = curves.epochs

        try:
            with watchdog:
                return training.train(self._config, self.fold, self._most_epochs, on_epoch=on_epoch, on_batch=on_batch)
        except (NotWantedError, StopRequested, StorageError, HpoError, OSError):
            raise
        except Exception as error:
            if not isinstance(error, TrainingError) and not computes(training.device):
                raise DeviceLostError(f"Trial {self.trial.number}: {training.device} failed: {error}.") from error
            # Its trial's worker will meet the same, and judges.
            log.info("%s: cannot be trained ahead: %s", self._shown, error)
            return None

    def _renew(self) -> None:
        """Says that we are still at it, and looks whether anybody wants it."""
        self._told_at = self.trial.clock()
        with suppress(StorageError):
            self._tell(self.trial.in_a_hurry(self._interval_s), self._next(), (TrialState.RUNNING,))

    def _leave(self, training: FoldTraining, result: FoldResult, seconds: float) -> bool:
        """Stores the result, bytes first. A trial that was parked meanwhile keeps it until it thaws."""
        self._check_it_is_wanted(self.trial, _UNFINISHED)
        record = write_fold(training.artifacts, self.fold, result, seconds)
        done = replace(self._next(), artifact=record.artifact, epochs=record.epochs, seconds=record.seconds)
        self._tell(self.trial, done, _UNFINISHED)
        log.info("%s: trained ahead, %d epochs in %.1f s", self._shown, record.epochs, record.seconds)
        return True

    def _tell(self, trial: TrialAhead, hint: Hint, wanted_in: tuple[TrialState, ...]) -> None:
        self._check_it_is_wanted(trial, wanted_in)
        if not trial.tell(hint, self.fold, self._hint.as_dict()):
            raise NotWantedError
        self._hint = hint

    def _check_it_is_wanted(self, trial: TrialAhead, states: tuple[TrialState, ...]) -> None:
        try:
            seen = trial.look()
        except KeyError as error:  # somebody has deleted the study
            raise NotWantedError from error
        if seen.state not in states or fold_record(seen.user_attrs, self.fold) is not None:
            raise NotWantedError

    def _next(self) -> Hint:
        return replace(self._hint, beat=self._hint.beat + 1, epochs=self._epochs, renewed_at=time.time())

    @property
    def _shown(self) -> str:
        return f"trial {self.trial.number} fold {self.fold}"
