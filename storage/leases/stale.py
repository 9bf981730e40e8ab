"""Takes back the trials of workers that died.

A RUNNING trial's signature (when it was claimed, and its lease with the beat counter) changes with every
claim and every beat. Whoever watches one unchanged for the lease's time takes its worker for dead. Only the
watcher's own monotonic clock is used, and only time under watch counts: when the storage was away for
everybody, nobody is dead.

Taking back takes three steps, and the taker may itself die between any two:

1. the death is added to `hpo:deaths`, under the lease's token, so that doing it again adds nothing;
2. the lease is cleared, before 3, so that it cannot be the next holder's;
3. the trial is set to WAITING (or to FAIL, its reason first, after too many deaths).

After 1 the signature is as before: another watcher does it again. After 2 the trial is RUNNING without a
lease, as it is when a worker dies between claim and lease: such a trial too goes back once its time is
over, and no death is counted, since nothing of it can have been run.

Two watchers at once: each reads the trial anew before each write and stops where it has moved on. What is
left is a write between another's read and write, some milliseconds wide. The last write of the two could
then set a trial to WAITING that a third worker has just claimed. That worker finds its lease gone at its
next beat and drops the fold; the trial is finished once all the same, since a finished trial admits no
second end. A worker that comes back from the dead is in the same position.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from storage.leases.lease import DEATHS, LEASE, REASON, Lease, lease_of

if TYPE_CHECKING:
    from storage.queue import TrialQueue  # which needs the leases itself

log = logging.getLogger(__name__)

#: One gap between two looks counts for at most this share of the lease's time, so at least three looks are
#: needed.
_MOST_OF_ONE_GAP = 0.5


@dataclass(frozen=True)
class _Signature:
    claimed_at: datetime | None
    lease: Lease | None


@dataclass(frozen=True)
class _Sighting:
    signature: _Signature
    unchanged_s: float
    at: float


class StaleWatch:
    """Watches the RUNNING trials of a study and takes back those whose worker has died.

    Args:
        queue: The study's trials.
        lease_timeout_s: A lease unchanged for so long is a dead worker's. Six beats or more.
        max_deaths: After more deaths than this the trial ends as FAIL: it kills its workers.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        queue: "TrialQueue",
        lease_timeout_s: float = 60.0,
        max_deaths: int = 3,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._timeout_s = lease_timeout_s
        self._max_deaths = max_deaths
        self._clock = clock
        self._seen: dict[int, _Sighting] = {}

    def sweep(self, budget: int) -> list[int]:
        """Looks once; call it every few seconds, while waiting too.

        Returns:
            The numbers of the trials that were taken back (or ended as FAIL).
        """
        running = self._queue.running(budget)
        now = self._clock()
        self._seen = {trial._trial_id: self._look(trial, now) for trial in running}
        stale = [trial for trial in running if self._seen[trial._trial_id].unchanged_s >= self._timeout_s]
        return [trial.number for trial in stale if self._take_back(trial)]

    def release_dead(self, worker: str, budget: int, how: str = "its process ended") -> list[int]:
        """Takes back at once what a worker held whose process is known to have ended.

        Args:
            worker: Its name.
            budget: The study's number of trials.
            how: How it ended, in words; recorded with the death.

        Returns:
            The numbers of the trials that were taken back (or ended as FAIL).
        """
        held = [trial for trial in self._queue.running(budget) if _worker_of(trial) == worker]
        return [trial.number for trial in held if self._take_back(trial, how)]

    def _look(self, trial: FrozenTrial, now: float) -> _Sighting:
        signature = _signature(trial)
        before = self._seen.get(trial._trial_id)
        if before is None or before.signature != signature:
            return _Sighting(signature, 0.0, now)
        gap = min(now - before.at, self._timeout_s * _MOST_OF_ONE_GAP)
        return _Sighting(signature, before.unchanged_s + gap, now)

    def _take_back(self, seen: FrozenTrial, how: str = "its lease ran out") -> bool:
        try:
            return self._take_back_if_unchanged(seen, how)
        except (UpdateFinishedTrialError, KeyError):
            return False  # its worker was alive and has just finished it, or the study was deleted

    def _take_back_if_unchanged(self, seen: FrozenTrial, how: str) -> bool:
        signature = _signature(seen)
        trial = self._read(seen, signature)
        if trial is None:
            return False
        deaths = self._count_death(trial, signature.lease, how)
        if self._read(seen, signature) is None:
            return False
        if deaths > self._max_deaths:
            return self._give_up(trial, deaths, how)
        self._queue.storage.set_trial_user_attr(trial._trial_id, LEASE, None)
        if self._read(seen, _Signature(signature.claimed_at, None)) is None:
            return False
        self._queue.storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)
        log.warning("Trial %d is put back: %s.", trial.number, _what_happened(signature.lease, how))
        return True

    def _read(self, seen: FrozenTrial, expected: _Signature) -> FrozenTrial | None:
        trial = self._queue.storage.get_trial(seen._trial_id)
        unchanged = trial.state == TrialState.RUNNING and _signature(trial) == expected
        return trial if unchanged else None

    def _count_death(self, trial: FrozenTrial, lease: Lease | None, how: str) -> int:
        deaths: list[dict[str, Any]] = trial.user_attrs.get(DEATHS, [])
        if lease is None or any(death["token"] == lease.token for death in deaths):
            return len(deaths)
        when = datetime.now(UTC).isoformat(timespec="seconds")
        death = {"worker": lease.worker, "when": when, "fold": lease.fold, "token": lease.token, "how": how}
        self._queue.storage.set_trial_user_attr(trial._trial_id, DEATHS, [*deaths, death])
        return len(deaths) + 1

    def _give_up(self, trial: FrozenTrial, deaths: int, how: str) -> bool:
        reason = f"{deaths} workers died on this trial (allowed: {self._max_deaths}), the last one so: {how}."
        self._queue.storage.set_trial_user_attr(trial._trial_id, REASON, reason)
        self._queue.storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        log.warning("Trial %d ends as FAIL: %s", trial.number, reason)
        return True


def _signature(trial: FrozenTrial) -> _Signature:
    return _Signature(trial.datetime_start, lease_of(trial))


def _worker_of(trial: FrozenTrial) -> str | None:
    lease = lease_of(trial)
    return None if lease is None else lease.worker


def _what_happened(lease: Lease | None, how: str) -> str:
    if lease is None:
        return "it was claimed and no lease followed"
    fold = "before its first fold" if lease.fold is None else f"in fold {lease.fold}"
    return f"worker {lease.worker} (process {lease.pid} on {lease.host}) died {fold}: {how}"
