"""What a parent takes back: what its own children held when they ended, and what the dead of other parents hold.

No child's task: it is busy for as long as a trial takes, and a death is to be noticed within the lease's time and a
beat however long that is.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from hpo.study.hints import stored_hint
from hpo.study.opened import OpenedStudy
from storage.errors import LeaseLostError, StorageError, StorageUnavailableError
from storage.trials.lease import Claim
from storage.trials.stale import StaleWatch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Aftermath:
    """What a dead child left behind."""

    #: Whether it had finished a trial, or trained a fold ahead.
    had_finished: bool
    #: Trials that it held at once.
    held: int


class TakeBack:
    """Takes back the trials of workers that are gone.

    Args:
        opened: The study.
        clock: Seconds, monotonic.
    """

    def __init__(self, opened: OpenedStudy, clock: Callable[[], float] = time.monotonic) -> None:
        leases = opened.contract.leases
        # Whoever asks the parent to stop must not wait for a storage that is away; the next look makes up for it.
        self._opened = opened.in_a_hurry()
        self._watch = StaleWatch(
            self._opened.queue, lease_timeout_s=leases.timeout_s, max_deaths=leases.max_deaths, clock=clock
        )
        self._interval_s = leases.beat_interval_s
        self._clock = clock
        self._next = clock()

    def look(self) -> None:
        """Looks for dead workers on any machine, if a beat has gone by since the last time; call it often."""
        now = self._clock()
        if now >= self._next:
            self._next = now + self._interval_s
            budget = self._budget()
            if budget is not None:
                self._sweep(budget)

    def _budget(self) -> int | None:
        """The study's budget; None where the storage is away just now."""
        with suppress(StorageUnavailableError):
            return self._opened.budget
        return None

    def _sweep(self, budget: int) -> None:
        try:
            self._watch.sweep(budget)
        except StorageUnavailableError:
            log.debug("the storage is away; the next look makes up for this one")
        except Exception as error:
            # Whatever a trial holds that cannot be read: a parent that died of it would take its workers along.
            log.warning("looking for dead workers failed, and is tried again: %s: %s", type(error).__name__, error)

    def from_dead(self, worker: str, how: str) -> Aftermath:
        """Takes back at once what a child held that died: nobody waits for its lease to run out.

        Where it held several trials, nobody can tell which of them ended it: no death is counted, and whoever goes on
        in its place should hold fewer, until it can be told.

        Args:
            worker: Its name.
            how: How it died, in words; recorded in the trial.
        """
        held: list[Claim] = []
        try:
            helped = self._withdraw_hints([worker])
            held = self._held_by([worker])
            if len(held) > 1:
                self._put_back(held)
            else:
                self._watch.release_dead(worker, self._opened.budget, how)
            return Aftermath(helped or self._opened.queue.finished_by(worker) > 0, len(held))
        except StorageError as error:
            # The other workers will notice by its lease, and nobody can say that it was of no use.
            log.warning("worker %s died, and what it held could not be given back yet: %s", worker, error)
            return Aftermath(had_finished=True, held=len(held))

    def from_stopped(self, workers: Collection[str]) -> None:
        """Puts back what children held that were ended on purpose; no death is counted: their trials are not at fault.

        Args:
            workers: Their names.
        """
        try:
            self._withdraw_hints(workers)
            self._put_back(self._held_by(workers))
        except StorageError as error:
            log.warning("what was held could not be put back, and goes on once its leases have run out: %s", error)

    def _withdraw_hints(self, workers: Collection[str]) -> bool:
        """Takes back what they had announced to train ahead, so that nobody waits for it.

        Returns:
            Whether they have left such a fold to a trial that is at work.
        """
        ledger, done = self._opened.storage.ledger, False
        for stored in ledger.overview(self._opened.handle.study_id, self._opened.budget).hints:
            hint = stored_hint(stored.text)
            if hint is not None and hint.worker in workers:
                done |= hint.is_done
                if not hint.is_done:
                    ledger.set_hint(stored.trial_id, stored.fold, hint.as_dict(), None)
        return done

    def _held_by(self, workers: Collection[str]) -> list[Claim]:
        running = self._opened.queue.running(self._opened.budget)
        return [
            Claim(trial.trial_id, trial.number, trial.lease)
            for trial in running
            if trial.lease is not None and trial.lease.worker in workers
        ]

    def _put_back(self, held: Sequence[Claim]) -> None:
        for claim in held:
            # Where it is no longer held, its worker had come to an end with it after all.
            with suppress(LeaseLostError):
                self._opened.queue.put_back(claim)
                log.info("trial %d: put back, its finished folds are kept", claim.number)
