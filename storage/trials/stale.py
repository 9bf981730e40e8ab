"""Takes back the trials of workers that died.

What is seen of a RUNNING trial (when it was claimed, and its lease with the beat counter) changes with every
claim and every beat. Whoever watches one unchanged for the lease's time takes its worker for dead. Only the
watcher's own monotonic clock is used, and only time under watch counts: when the storage was away for
everybody, nobody is dead.

Taking back is one transaction: if the lease is as it was seen, the death is added to `hpo:deaths`, the lease is
cleared, and the trial is set to WAITING (or to FAIL with its reason, after too many deaths). So the taker may die at
any moment, any number may take at once, and a worker that was alive after all either beats first and keeps its trial,
or finds its lease gone at its next beat.

A trial that is RUNNING without a lease was set so by something else than a worker of ours; one whose lease cannot be
read was written to by something else. They go back too, and no death is counted.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from optuna.trial import TrialState

from storage.trials.lease import REASON, Death, Lease
from storage.trials.ledger import RunningTrial, TrialChange
from storage.trials.queue import TrialQueue

log = logging.getLogger(__name__)

#: One gap between two looks counts for at most this share of the lease's time, so at least three looks are
#: needed.
_MOST_OF_ONE_GAP = 0.5
_BECOMES = {TrialState.WAITING: "is put back", TrialState.FAIL: "ends as FAIL, it has killed too many workers"}


@dataclass(frozen=True)
class _Sighting:
    trial: RunningTrial
    unchanged_s: float
    at: float


class LeaseWatch:
    """Tells for how long RUNNING trials have stood unchanged while somebody looked.

    Args:
        lease_timeout_s: The leases' time.
        clock: Seconds, monotonic.
    """

    def __init__(self, lease_timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout_s, self._clock = lease_timeout_s, clock
        self._seen: dict[int, _Sighting] = {}

    def unchanged_s(self, running: Sequence[RunningTrial]) -> dict[int, float]:
        """Returns the seconds that each trial stood as it stands now, by its id; 0 for one that was changed.

        Args:
            running: All RUNNING trials, as just read.
        """
        now = self._clock()
        self._seen = {trial.trial_id: self._look(trial, now) for trial in running}
        return {trial_id: sighting.unchanged_s for trial_id, sighting in self._seen.items()}

    def _look(self, trial: RunningTrial, now: float) -> _Sighting:
        before = self._seen.get(trial.trial_id)
        if before is None or before.trial != trial:
            return _Sighting(trial, 0.0, now)
        gap = min(now - before.at, self._timeout_s * _MOST_OF_ONE_GAP)
        return _Sighting(trial, before.unchanged_s + gap, now)


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
        queue: TrialQueue,
        lease_timeout_s: float = 60.0,
        max_deaths: int = 3,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._timeout_s = lease_timeout_s
        self._max_deaths = max_deaths
        self._watch = LeaseWatch(lease_timeout_s, clock)

    def sweep(self, budget: int) -> list[int]:
        """Looks once; call it every few seconds, while waiting too.

        Returns:
            The numbers of the trials that were taken back (or ended as FAIL).
        """
        running = self._queue.running(budget)
        unchanged_s = self._watch.unchanged_s(running)
        stale = [trial for trial in running if unchanged_s[trial.trial_id] >= self._timeout_s]
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
        held = [trial for trial in self._queue.running(budget) if trial.lease and trial.lease.worker == worker]
        return [trial.number for trial in held if self._take_back(trial, how)]

    def _take_back(self, seen: RunningTrial, how: str = "its lease ran out") -> bool:
        death = None if seen.lease is None else _death(seen.lease, how)
        deaths = len(seen.deaths) + (death is not None)
        state, attributes = TrialState.WAITING, {}
        if deaths > self._max_deaths:
            state = TrialState.FAIL
            attributes[REASON] = (
                f"{deaths} workers died on this trial (allowed: {self._max_deaths}), the last one so: {how}."
            )
        change = TrialChange(attributes, state=state, death=death)
        if not self._queue.storage.ledger.change_trial(seen.trial_id, seen.stored, change):
            return False  # its worker was alive, or another has taken it back
        log.warning("Trial %d %s: %s.", seen.number, _BECOMES[state], _what_happened(seen, how))
        return True


def _death(lease: Lease, how: str) -> Death:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return Death(worker=lease.worker, when=when, fold=lease.fold, token=lease.token, how=how)


def _what_happened(seen: RunningTrial, how: str) -> str:
    lease = seen.lease
    if lease is None:
        return "its lease cannot be read" if seen.stored.is_unreadable else "it was running without a lease"
    fold = "before its first fold" if lease.fold is None else f"in fold {lease.fold}"
    return f"worker {lease.worker} (process {lease.pid} on {lease.host}) died {fold}: {how}"
