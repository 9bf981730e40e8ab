"""The thread that renews a worker's lease."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from types import TracebackType
from typing import Self

from storage.retry import RetryPolicy, first_line
from storage.retrying_storage import with_policy
from storage.trials.lease import Claim, lost
from storage.trials.ledger import TrialChange
from storage.trials.queue import TrialQueue

log = logging.getLogger(__name__)

_RETRY_AFTER_FAILURE_S = 1.0


class Heartbeat:
    """Renews a lease from a thread of its own while the body of `with` runs.

    Leave the body before the trial is finished or put back: a beat that came after would find it lost.

    Args:
        queue: The study's trials.
        claim: What is held.
        beat_interval_s: Seconds between beats; the lease's time should be six of them.
        wall_clock: Seconds since 1970.

    Attributes:
        at: What is at work; set it, and the next beat tells the others.
        lost: Set when the trial was found to be no longer ours.
    """

    def __init__(
        self,
        queue: TrialQueue,
        claim: Claim,
        beat_interval_s: float = 10.0,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        # One that could not be written within the time of a beat is given up, so that the next one tells the fold anew.
        self._ledger = with_policy(queue.storage, RetryPolicy(deadline_s=beat_interval_s)).ledger
        self._claim = claim
        self._beat = claim.lease.beat
        self.at = claim.lease.at
        self._interval_s = beat_interval_s
        self._wall_clock = wall_clock
        self._stop = threading.Event()
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

    def beat(self) -> None:
        """Renews the lease once, or sets `lost`."""
        self._beat += 1
        lease = replace(self._claim.lease, beat=self._beat, renewed_at=self._wall_clock(), **asdict(self.at))
        if not self._ledger.change_trial(self._claim.trial_id, lease.token, TrialChange(lease=lease)):
            self.lost.set()

    def _run(self) -> None:
        pause = self._interval_s
        while not self._stop.wait(pause) and not self.lost.is_set():
            try:
                self.beat()
                pause = self._interval_s
            except Exception as error:
                # Whatever it was, a silent end of the beats would cost a live worker its trial.
                log.warning("Trial %d: the lease could not be renewed: %s", self._claim.number, first_line(error))
                pause = min(_RETRY_AFTER_FAILURE_S, self._interval_s)
