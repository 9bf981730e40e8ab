"""What a parent does when a child has ended: its trial goes back at once, and nobody waits for the lease to run out."""

import logging
from collections.abc import Collection
from contextlib import suppress

from hpo.study.opened import OpenedStudy
from storage.errors import LeaseLostError, StorageError
from storage.trials.lease import Claim, Lease
from storage.trials.stale import StaleWatch

log = logging.getLogger(__name__)


def bury(opened: OpenedStudy, worker: str, how: str) -> bool:
    """Give back what a dead worker held.

    Args:
        opened: The study it worked on.
        worker: Its name.
        how: How it died, in words; recorded in the trial.

    Returns:
        Whether it had finished a trial.
    """
    hurried = opened.in_a_hurry()
    leases = opened.contract.leases
    watch = StaleWatch(hurried.queue, lease_timeout_s=leases.timeout_s, max_deaths=leases.max_deaths)
    try:
        watch.release_dead(worker, hurried.budget, how)
        return hurried.queue.finished_by(worker) > 0
    except StorageError as error:
        # The other workers will notice by its lease, and nobody can say that it was of no use.
        log.warning("worker %s died, and what it held could not be given back yet: %s", worker, error)
        return True


def give_back(opened: OpenedStudy, workers: Collection[str]) -> None:
    """Put back what workers held that were ended on purpose; no death is counted, since their trials are not at fault.

    Args:
        opened: The study they worked on.
        workers: Their names.
    """
    hurried = opened.in_a_hurry()
    try:
        for trial in hurried.queue.running(hurried.budget):
            if trial.lease is not None and trial.lease["worker"] in workers:
                _put_back(hurried, Claim(trial.trial_id, trial.number, Lease.from_json(trial.lease)))
    except StorageError as error:
        log.warning("what was held could not be put back, and goes on once its leases have run out: %s", error)


def _put_back(opened: OpenedStudy, claim: Claim) -> None:
    # Where it is no longer held, its worker had come to an end with it after all.
    with suppress(LeaseLostError):
        opened.queue.put_back(claim)
        log.info("trial %d: put back, its finished folds are kept", claim.number)
