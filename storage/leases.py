"""The lease under which a worker holds a trial, and the thread that renews it.

The lease is a user attribute of the trial, so it works through every storage. `token` is new with every
claim; it, not the worker's name, says whose the trial is. Who takes dead workers' trials back is
`storage.stale`.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from types import TracebackType
from typing import Any, Self

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from storage.errors import LeaseLostError
from storage.retry import RetryPolicy, first_line
from storage.retrying import with_policy

log = logging.getLogger(__name__)

LEASE = "hpo:lease"
_RETRY_AFTER_FAILURE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class WorkerIdentity:
    """Who works.

    Attributes:
        worker: A name that no other process has, now or later.
        host: The machine's name.
        pid: The process on that machine.
        device: Where it trains, such as cpu or cuda:0.
    """

    worker: str
    host: str
    pid: int
    device: str


@dataclass(frozen=True, kw_only=True)
class Lease(WorkerIdentity):
    """A worker's hold on one trial.

    Attributes:
        token: New with every claim.
        beat: Counts the renewals; the claim itself is beat 0.
        fold: The fold in work, or None before the first.
        renewed_at: Wall-clock time of the last beat in seconds since 1970; for people only, never compared.
    """

    token: str
    beat: int = 0
    fold: int | None = None
    renewed_at: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Returns the value of the trial's attribute."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Reads the value of the trial's attribute."""
        return cls(**value)


@dataclass(frozen=True)
class Claim:
    """A trial that was claimed, by the lease it is held under."""

    trial_id: int
    number: int
    lease: Lease


def lease_of(trial: FrozenTrial) -> Lease | None:
    """Returns the lease that a trial carries, if any."""
    value = trial.user_attrs.get(LEASE)
    return None if value is None else Lease.from_json(value)


def is_held(trial: FrozenTrial, claim: Claim) -> bool:
    """Says whether the trial, as just read, is still held under this claim."""
    lease = lease_of(trial)
    return trial.state == TrialState.RUNNING and lease is not None and lease.token == claim.lease.token


def lost(claim: Claim) -> LeaseLostError:
    """The error for a result that comes too late."""
    return LeaseLostError(
        f"Trial {claim.number} is no longer held by worker {claim.lease.worker}: it was taken for dead, and "
        "the trial was given to another.",
        "The late result is dropped; the worker goes on with the next trial.",
    )


class LeaseKeeper:
    """Renews a lease from a thread of its own while the body of `with` runs.

    Leave the body before the trial is finished or put back: a beat that arrives later would be lost work at
    best.

    Args:
        storage: Where the trial lies.
        claim: What is held.
        beat_interval_s: Seconds between beats; the lease's time should be six of them.
        wall_clock: Seconds since 1970.

    Attributes:
        lost: Set when the trial was found to be no longer ours.
    """

    def __init__(
        self,
        storage: BaseStorage,
        claim: Claim,
        beat_interval_s: float = 10.0,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        # A beat that was held up for minutes must not land on a trial that has moved on: give it up early and
        # look again before the next.
        self._storage = with_policy(storage, RetryPolicy(deadline_s=beat_interval_s))
        self._claim = claim
        self._lease = claim.lease
        self._interval_s = beat_interval_s
        self._wall_clock = wall_clock
        self._stop = threading.Event()
        self._beating = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"lease-{claim.number}", daemon=True)
        self.lost = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def check(self) -> None:
        """Raises LeaseLostError when the trial was found to be no longer ours; asks no storage."""
        if self.lost.is_set():
            raise lost(self._claim)

    def set_fold(self, fold: int) -> None:
        """Notes the fold in work; the next beat tells the others."""
        with self._beating:
            self._lease = replace(self._lease, fold=fold)

    def beat(self) -> None:
        """Renews the lease once, or sets `lost`."""
        with self._beating:
            try:
                trial = self._storage.get_trial(self._claim.trial_id)
                if is_held(trial, self._claim):
                    self._renew()
                    return
            except (UpdateFinishedTrialError, KeyError):
                pass  # finished by another since it was read, or deleted with its study
            self.lost.set()

    def _renew(self) -> None:
        self._lease = replace(self._lease, beat=self._lease.beat + 1, renewed_at=self._wall_clock())
        self._storage.set_trial_user_attr(self._claim.trial_id, LEASE, self._lease.to_json())

    def _run(self) -> None:
        pause = self._interval_s
        while not self._stop.wait(pause) and not self.lost.is_set():
            try:
                self.beat()
                pause = self._interval_s
            except Exception as error:
                # Whatever it was, a silent end of the beats would cost a live worker its trial.
                log.warning(
                    "Trial %d: the lease could not be renewed: %s", self._claim.number, first_line(error)
                )
                pause = min(_RETRY_AFTER_FAILURE_S, self._interval_s)
