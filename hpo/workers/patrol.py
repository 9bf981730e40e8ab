"""What a parent does while its children train: once a beat it looks for workers that died, on any machine."""

import time
from contextlib import suppress

from hpo.study.opened import OpenedStudy
from storage.errors import StorageUnavailableError
from storage.trials.stale import StaleWatch


class Patrol:
    """Takes back the trials of dead workers.

    A parent's task, not its children's: they are busy for as long as a trial takes, and a death is to be noticed within
    the lease's time and a beat however long that is.

    Args:
        opened: The study.
    """

    def __init__(self, opened: OpenedStudy) -> None:
        leases = opened.contract.leases
        # Whoever asks the parent to stop must not wait for a storage that is away; the next look makes up for it.
        self._session = opened.in_a_hurry()
        self._watch = StaleWatch(self._session.queue, lease_timeout_s=leases.timeout_s, max_deaths=leases.max_deaths)
        self._interval_s = leases.beat_interval_s
        self._next = time.monotonic()

    def look(self) -> None:
        """Look, if a beat has gone by since the last time; call it often."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._interval_s
            with suppress(StorageUnavailableError):
                self._watch.sweep(self._session.budget)
