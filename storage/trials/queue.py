"""The queue of a study's trials: an exact budget for any number of workers.

A trial is in the budget when its number is below it. Trials wait in the study as WAITING, are claimed one at a time
under a lease, and are changed only by whoever holds the lease. What makes this exact, whoever else does the same at the
same moment, are the transactions in `storage.database.transactions`, which `storage.connection` plugs in as the
storage's `ledger`; here is what a worker asks for.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from optuna.trial import TrialState, create_trial

from storage.errors import StudyNotFoundError
from storage.retrying_storage import RetryingStorage
from storage.trials.lease import REASON, Claim, Lease, WorkerIdentity, lease_of, lost
from storage.trials.ledger import QueueCounts, RunningTrial, TrialChange, Wanted

#: A claimer that finds nothing looks so often whether trials are to be made. More than a few are needed where hundreds
#: begin at once; where the last trial is locked by one whose network broke, nobody should try for ever.
_MOST_ROUNDS = 20


class TrialQueue:
    """Hands out the trials of one study.

    Args:
        storage: Where the study lies.
        study_id: Its id there.
        window: How many WAITING trials are made at once (more while more workers run). Trials are made late: Optuna
            reads all unfinished ones at each proposal.
        wall_clock: Seconds since 1970, for the lease.
    """

    def __init__(
        self,
        storage: RetryingStorage,
        study_id: int,
        *,
        window: int = 16,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.storage = storage
        self.study_id = study_id
        self._window = window
        self._wall_clock = wall_clock

    def enqueue_first(
        self, trials: Sequence[Mapping[str, Any]], attributes: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Makes the first trials, each with its params fixed; those that are there already stay.

        Call it before anyone else knows of the study.

        Args:
            trials: Params of each.
            attributes: User attributes of each; none by default.
        """
        there = len(self.storage.get_all_trials(self.study_id, deepcopy=False))
        every = attributes or [{}] * len(trials)
        for params, own in list(zip(trials, every, strict=True))[there:]:
            fixed = {"fixed_params": dict(params)}
            template = create_trial(state=TrialState.WAITING, system_attrs=fixed, user_attrs=dict(own))
            self.storage.create_new_trial(self.study_id, template)

    def claim(self, worker: WorkerIdentity, budget: int, wanted: Wanted | None = None) -> Claim | None:
        """Takes a trial: one with finished folds first, then the lowest number.

        Args:
            worker: Who will hold it.
            budget: The study's number of trials, as just read.
            wanted: The trial of that number alone, or the first of those that were never begun.

        Returns:
            The claim, or None where nothing waits (as wanted). The claim is the lease's first beat.

        Raises:
            StudyNotFoundError: Somebody has deleted the study.
        """
        lease = Lease(token=uuid.uuid4().hex, renewed_at=self._wall_clock(), **asdict(worker))
        for _ in range(_MOST_ROUNDS):
            taken = self.storage.ledger.claim_trial(self.study_id, budget, lease, wanted=wanted)
            if taken is not None:
                return Claim(taken.trial_id, taken.number, lease)
            if isinstance(wanted, int) or not self._make_trials(budget):
                break
        return None

    def _make_trials(self, budget: int) -> bool:
        try:
            return self.storage.ledger.make_trials(self.study_id, budget, self._window)
        except KeyError as error:
            raise StudyNotFoundError(
                "The study was deleted from its storage while workers were at it; its trials are gone with it.",
                "If that was a mistake, restore the storage from a copy.",
            ) from error

    def finish(self, claim: Claim, state: TrialState, value: float | None = None, reason: str | None = None) -> None:
        """Ends a trial as COMPLETE, PRUNED or FAIL.

        Args:
            claim: What is held.
            state: The final state.
            value: The trial's value, where it has one.
            reason: Why, in words; stored as `hpo:reason`.

        Raises:
            LeaseLostError: The trial is held by another, or finished: the result came too late and is dropped.
        """
        attributes = {} if reason is None else {REASON: reason}
        if not self._change(claim, TrialChange(attributes, state=state, value=value)) and not self._stands(
            claim, state
        ):
            raise lost(claim)

    def put_back(self, claim: Claim, attributes: Mapping[str, Any] | None = None) -> None:
        """Gives a trial back unfinished; it keeps its params and folds, and no death is counted.

        Args:
            claim: What is held.
            attributes: To be set with it.

        Raises:
            LeaseLostError: It was taken already.
        """
        if not self._change(claim, TrialChange(attributes or {}, state=TrialState.WAITING)):
            raise lost(claim)

    def record(self, claim: Claim, change: TrialChange) -> None:
        """Writes to a trial that is held.

        Raises:
            LeaseLostError: It is no longer held.
        """
        if not self._change(claim, change):
            raise lost(claim)

    def counts(self, budget: int) -> QueueCounts:
        """Counts the trials in the budget by state."""
        return self.storage.ledger.count_trials(self.study_id, budget)

    def finished_by(self, worker: str) -> int:
        """Counts the trials that a worker finished."""
        return self.storage.ledger.count_finished_by(self.study_id, worker)

    def running(self, budget: int) -> list[RunningTrial]:
        """Returns the trials in the budget that are RUNNING."""
        return self.storage.ledger.running_trials(self.study_id, budget)

    def _change(self, claim: Claim, change: TrialChange) -> bool:
        return self.storage.ledger.change_trial(claim.trial_id, claim.lease.token, change)

    def _stands(self, claim: Claim, state: TrialState) -> bool:
        """Whether the trial ended as we wanted it: the storage did it, and only its answer was lost."""
        try:
            trial = self.storage.get_trial(claim.trial_id)
        except KeyError:
            return False
        lease = lease_of(trial)
        return trial.state == state and lease is not None and lease.token == claim.lease.token
