"""A trial that this worker holds: claim, queue and heartbeat, and Optuna's view of it.

Whatever is written to it goes in one transaction under the lease. Left to itself, Optuna writes a parameter or an
intermediate value at a time, and whoever was taken for dead meanwhile writes to a trial that is another's.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from typing import Any, Self, cast

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from hpo.errors import StopRequested
from hpo.signals import StopFlag
from hpo.stop_times import EPOCH_GRACE_S, STORAGE_HURRY_S, wait_s
from hpo.study.attributes import PARKED
from hpo.study.opened import OpenedStudy
from hpo.study.own_trials import OwnStudy
from hpo.trial.guide import Guide
from storage.trials.heartbeat import Heartbeat
from storage.trials.lease import At, Claim, lost
from storage.trials.ledger import TrialChange
from storage.trials.queue import TrialQueue


class HeldTrial:
    """A RUNNING trial under our lease, from its claim until it is finished or put back.

    The lease is renewed during the body of `with`. Calls are patient until a stop is asked for, and then no longer.

    Args:
        opened: The study.
        claim: What is held.
        stop: Set when the worker is to stop.
        guide: Says how far to go, in studies that are pruned by P.
    """

    def __init__(self, opened: OpenedStudy, claim: Claim, stop: StopFlag, guide: Guide | None = None) -> None:
        self.number, self.guide = claim.number, guide
        self.opened, self.claim, self.stop = opened, claim, stop
        self._heartbeat = Heartbeat(opened.queue, claim, beat_interval_s=opened.contract.leases.beat_interval_s)
        self._beating = ExitStack()
        self._ending = threading.RLock()
        self._proposed = _Proposed(opened.storage)

    def __enter__(self) -> Self:
        self._beating.enter_context(self._heartbeat)
        return self

    def __exit__(self, *_: object) -> None:
        self._end_beats()

    @cached_property
    def trial(self) -> optuna.trial.Trial:
        """Optuna's, to ask the sampler for parameters the usual way; it is read at the first use.

        Raises:
            LeaseLostError: There is no such trial any more.
        """
        try:
            trial = optuna.trial.Trial(self.opened.study(self.number), self.claim.trial_id)
        except KeyError as error:  # somebody has deleted the study
            raise lost(self.claim) from error
        trial.storage = cast(BaseStorage, self._proposed)
        return trial

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Its user attributes, to be read: they are asked for after each epoch, and Optuna's are copied each time."""
        return self.trial._cached_frozen_trial.user_attrs

    def others(self) -> list[FrozenTrial]:
        """The other trials of ours in the study, as the sampler was shown them."""
        study = cast(OwnStudy, self.trial.study)
        return [trial for trial in study.trials_as_listed if trial.number != self.number]

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for: the epoch at work may end, and no other is begun."""
        return bool(self.stop)

    def wait_s(self, most_s: float) -> float:
        """Returns for how many seconds a call may be tried again that is worth so many."""
        return wait_s(most_s, self.stop.asked_s_ago)

    def at_work_on(self, fold: int) -> None:
        """Tells the others the fold, with the next beat."""
        self._heartbeat.at = At(fold=fold)

    def has_trained(self, epochs: int, rows_per_s: float | None) -> None:
        """Tells the others how many epochs of the fold are trained, and how fast the last one was."""
        self._heartbeat.at = replace(self._heartbeat.at, epochs=epochs, rows_per_s=rows_per_s)

    def check(self) -> None:
        """Says between two batches whether to go on; asks no storage.

        Raises:
            LeaseLostError: We no longer hold the trial.
            StopRequested: The epoch at work takes too long for whoever asked for a stop.
        """
        self._heartbeat.check()
        if self.stopping and self.stop.asked_s_ago > EPOCH_GRACE_S:
            raise StopRequested

    def check_without_grace(self) -> None:
        """As `check`, where the end of the epoch at work is worth nothing.

        Raises:
            LeaseLostError: We no longer hold the trial.
            StopRequested: A stop was asked for.
        """
        self._heartbeat.check()
        if self.stopping:
            raise StopRequested

    def wait(self, seconds: float) -> None:
        """Waits for others; errors as `check_without_grace`."""
        self.stop.wait(seconds)
        self.check_without_grace()

    def record(self, attributes: dict[str, Any], steps: dict[int, float] | None = None) -> None:
        """Writes user attributes, intermediate values by step, and what the sampler has proposed since the last time.

        Raises:
            LeaseLostError: We no longer hold the trial.
        """
        self._queue.record(self.claim, TrialChange(attributes, self._proposed.take(), steps or {}))
        # Optuna's own copy, which the pruners look at, knows nothing of what went past it.
        known = self.trial._cached_frozen_trial
        known.user_attrs.update(attributes)
        known.intermediate_values.update(steps or {})

    def should_prune(self) -> bool:
        """What the study's pruner says."""
        return self.trial.should_prune()

    def goes_on(self, fold: int, accuracies: Sequence[float]) -> bool:
        """What its guide says between two epochs of a fold, of its validation so far; without one it goes on."""
        return self.guide is None or self.guide.after_epoch(self.attributes, fold, accuracies)

    def finish(self, state: TrialState, value: float | None, reason: str | None) -> None:
        """Ends the trial as COMPLETE, PRUNED or FAIL; the beats end first.

        Raises:
            LeaseLostError: We no longer hold it: the result is dropped.
        """
        self._end_beats()
        self._queue.finish(self.claim, state, value, reason)

    def put_back(self) -> None:
        """Gives the trial back unfinished; the beats end first.

        May be called again where it was interrupted, and by another thread than the one that trains.

        Raises:
            LeaseLostError: We no longer hold it.
            StorageUnavailableError: No answer soon; the lease runs out instead.
        """
        self._end_beats()
        self._hurried_queue.put_back(self.claim)

    def park(self) -> None:
        """Gives the trial back to wait until it is worth more than others; the beats end first.

        Raises:
            LeaseLostError: We no longer hold it.
        """
        self._end_beats()
        told: dict[str, str | float] = {"worker": self.claim.lease.worker}
        if self.guide is not None:
            told["chance"] = round(self.guide.chance(self.attributes), 4)
        self._queue.put_back(self.claim, {PARKED: told})

    def _end_beats(self) -> None:
        # Whoever comes second waits: no beat may come after the trial has gone back.
        with self._ending:
            self._beating.close()

    @property
    def _queue(self) -> TrialQueue:
        return self._hurried_queue if self.stopping else self.opened.queue

    @property
    def _hurried_queue(self) -> TrialQueue:
        return self.opened.in_a_hurry(self.wait_s(STORAGE_HURRY_S)).queue


class _Proposed:
    """A storage that keeps parameters back, to be written together; for all else it is the storage."""

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage
        self._params: dict[str, tuple[float, str]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def set_trial_param(self, trial_id: int, name: str, value: float, distribution: BaseDistribution) -> None:
        self._params[name] = (value, distribution_to_json(distribution))

    def take(self) -> dict[str, tuple[float, str]]:
        taken, self._params = self._params, {}
        return taken
