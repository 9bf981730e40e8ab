"""The queue of a study's trials: an exact budget for any number of workers.

A trial is in the budget when its number is below it. Trials wait in the study as WAITING; a claim is the
storage's own compare-and-set from WAITING to RUNNING, which Optuna makes atomic on Postgres, and
`storage.connection` on SQLite. Everything else may race: the worst that two fillers can do is a WAITING
trial above the budget, which nobody claims until the budget grows.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from storage.errors import LeaseLostError
from storage.leases import LEASE, REASON, Claim, Lease, WorkerIdentity, is_held, lease_of, lost

FOLD_PREFIX = "hpo:fold:"
_TRIES_PER_LISTING = 4
_MOST_LISTINGS = 100
_UNFINISHED = (TrialState.WAITING, TrialState.RUNNING)
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@dataclass(frozen=True)
class QueueCounts:
    """The trials in the budget by state; those not made yet are in none."""

    budget: int
    complete: int = 0
    pruned: int = 0
    failed: int = 0
    running: int = 0
    waiting: int = 0

    @property
    def finished(self) -> int:
        """Trials that will not run again."""
        return self.complete + self.pruned + self.failed

    @property
    def is_spent(self) -> bool:
        """Whether every trial of the budget is finished."""
        return self.finished >= self.budget


class TrialQueue:
    """Hands out the trials of one study.

    Args:
        storage: Where the study lies.
        study_id: Its id there.
        window: How many WAITING trials are kept ready (more while more workers run). Trials are made late,
            so that listing them stays fast with a large budget.
        rng: Spreads workers that claim at once.
        wall_clock: Seconds since 1970, for the lease.
    """

    def __init__(
        self,
        storage: BaseStorage,
        study_id: int,
        *,
        window: int = 16,
        rng: random.Random | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.storage = storage
        self.study_id = study_id
        self._window = window
        self._rng = rng or random.Random()
        self._wall_clock = wall_clock
        self._made = 0  # trials known to exist; grows only

    def enqueue_first(self, params: Mapping[str, Any]) -> None:
        """Makes trial 0 with these params fixed; does nothing where there is a trial already.

        Call it before anyone else knows of the study.
        """
        if not self._list(None):
            self._make({"fixed_params": dict(params)})

    def fill(self, budget: int) -> None:
        """Makes WAITING trials until the window is full or the budget's last trial exists.

        Any number of processes may do so at once: each stops at the same number, so together they make at
        most one trial too many each.
        """
        trials = self._list(None)
        self._made = max([self._made, *(trial.number + 1 for trial in trials)])
        states = [trial.state for trial in trials if trial.number < budget]
        ready = self._ready(states.count(TrialState.RUNNING))
        goal = min(budget, self._made + ready - states.count(TrialState.WAITING))
        while self._made < goal:
            self._make({})

    def claim(self, worker: WorkerIdentity, budget: int) -> Claim | None:
        """Takes a trial: one with finished folds first, then the lowest number.

        A worker that is alone gets exactly that one. The more trials run, the further its first choice is
        drawn from a random start, and after a lost race from anywhere, so that workers do not all try the
        same.

        Args:
            worker: Who will hold it.
            budget: The study's number of trials, as just read.

        Returns:
            The claim, its lease already written, or None where nothing waits.
        """
        for _ in range(_MOST_LISTINGS):
            waiting, running = self._listing(budget)
            if not waiting:
                return None
            for trial in self._choices(waiting, running):
                if self._take(trial):
                    return self._lease(trial, worker)
        return None

    def finish(self, claim: Claim, state: TrialState, value: float | None = None, reason: str | None = None) -> None:
        """Ends a trial as COMPLETE, PRUNED or FAIL.

        Args:
            claim: What is held; its LeaseKeeper must have ended.
            state: The final state.
            value: The trial's value, where it has one.
            reason: Why, in words; stored as `hpo:reason`.

        Raises:
            LeaseLostError: The trial is held by another, or finished: the result came too late and is
            dropped.
        """
        try:
            with self.holding(claim):
                if reason is not None:
                    self.storage.set_trial_user_attr(claim.trial_id, REASON, reason)
                self.storage.set_trial_state_values(claim.trial_id, state, None if value is None else [value])
        except LeaseLostError:
            if not self._stands(claim, state):
                raise

    def put_back(self, claim: Claim) -> None:
        """Gives a trial back unfinished; it keeps its params and folds, and no death is counted.

        Raises:
            LeaseLostError: It was taken already.
        """
        with self.holding(claim):
            # In this order: cleared after WAITING, it could be the next worker's lease.
            self.storage.set_trial_user_attr(claim.trial_id, LEASE, None)
            self.storage.set_trial_state_values(claim.trial_id, TrialState.WAITING)

    def record(self, claim: Claim, key: str, value: Any) -> None:
        """Writes a user attribute of a trial that is held.

        Raises:
            LeaseLostError: It is no longer held.
        """
        with self.holding(claim):
            self.storage.set_trial_user_attr(claim.trial_id, key, value)

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[FrozenTrial]:
        """Runs the body on a trial that is held, with the trial as just read.

        Raises:
            LeaseLostError: It is not held, or was finished by another during the body.
        """
        try:
            trial = self.storage.get_trial(claim.trial_id)
            if not is_held(trial, claim):
                raise lost(claim)
            yield trial
        except (UpdateFinishedTrialError, KeyError) as error:
            raise lost(claim) from error

    def counts(self, budget: int) -> QueueCounts:
        """Counts the trials in the budget by state."""
        states = [trial.state for trial in self._list(None) if trial.number < budget]
        return QueueCounts(
            budget,
            complete=states.count(TrialState.COMPLETE),
            pruned=states.count(TrialState.PRUNED),
            failed=states.count(TrialState.FAIL),
            running=states.count(TrialState.RUNNING),
            waiting=states.count(TrialState.WAITING),
        )

    def finished_by(self, worker: str) -> int:
        """Counts the trials that a worker finished: a finished trial keeps its last lease."""
        leases = [lease_of(trial) for trial in self._list(_FINISHED)]
        return sum(lease is not None and lease.worker == worker for lease in leases)

    def running(self, budget: int) -> list[FrozenTrial]:
        """Returns the trials in the budget that are RUNNING."""
        return [trial for trial in self._list((TrialState.RUNNING,)) if trial.number < budget]

    def _list(self, states: tuple[TrialState, ...] | None) -> list[FrozenTrial]:
        return self.storage.get_all_trials(self.study_id, deepcopy=False, states=states)

    def _listing(self, budget: int) -> tuple[list[FrozenTrial], int]:
        """Returns the WAITING trials, best first, and the number of RUNNING ones."""
        waiting, running = self._waiting_and_running(budget)
        if len(waiting) <= self._ready(running) // 2 and self._made < budget:
            self.fill(budget)
            waiting, running = self._waiting_and_running(budget)
        waiting.sort(key=lambda trial: (not _has_folds(trial), trial.number))
        return waiting, running

    def _ready(self, running: int) -> int:
        """How many trials should wait: every listing reads them all, but too few make for lost races."""
        return max(self._window, running // 2)

    def _waiting_and_running(self, budget: int) -> tuple[list[FrozenTrial], int]:
        trials = [trial for trial in self._list(_UNFINISHED) if trial.number < budget]
        waiting = [trial for trial in trials if trial.state == TrialState.WAITING]
        return waiting, len(trials) - len(waiting)

    def _choices(self, waiting: list[FrozenTrial], running: int) -> list[FrozenTrial]:
        first = waiting.pop(self._rng.randrange(min(running + 1, len(waiting))))
        return [first, *self._rng.sample(waiting, min(_TRIES_PER_LISTING - 1, len(waiting)))]

    def _take(self, trial: FrozenTrial) -> bool:
        try:
            return self.storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
        except UpdateFinishedTrialError:
            return False

    def _lease(self, trial: FrozenTrial, worker: WorkerIdentity) -> Claim:
        lease = Lease(token=uuid.uuid4().hex, renewed_at=self._wall_clock(), **asdict(worker))
        self.storage.set_trial_user_attr(trial._trial_id, LEASE, lease.to_json())
        return Claim(trial._trial_id, trial.number, lease)

    def _make(self, system_attrs: dict[str, Any]) -> None:
        template = create_trial(state=TrialState.WAITING, system_attrs=system_attrs)
        trial_id = self.storage.create_new_trial(self.study_id, template)
        self._made = self.storage.get_trial_number_from_id(trial_id) + 1

    def _stands(self, claim: Claim, state: TrialState) -> bool:
        """Whether the trial ended as we wanted it: the storage did it, and only its answer was lost."""
        try:
            trial = self.storage.get_trial(claim.trial_id)
        except KeyError:
            return False
        lease = lease_of(trial)
        return trial.state == state and lease is not None and lease.token == claim.lease.token


def _has_folds(trial: FrozenTrial) -> bool:
    return any(key.startswith(FOLD_PREFIX) for key in trial.user_attrs)
