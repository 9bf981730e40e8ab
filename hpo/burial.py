"""What a parent does when a child has died: its trial goes back at once, and nobody waits for the lease to run out."""

import logging

from hpo.session import Session
from storage.errors import StorageError
from storage.leases import StaleWatch

log = logging.getLogger(__name__)


def bury(session: Session, worker: str, how: str) -> bool:
    """Give back what a dead worker held.

    Args:
        session: The study it worked on.
        worker: Its name.
        how: How it died, in words; recorded in the trial.

    Returns:
        Whether it had finished a trial.
    """
    hurried = session.in_a_hurry()
    leases = session.contract.leases
    watch = StaleWatch(hurried.queue, lease_timeout_s=leases.timeout_s, max_deaths=leases.max_deaths)
    try:
        watch.release_dead(worker, hurried.budget, how)
        return hurried.queue.finished_by(worker) > 0
    except StorageError as error:
        # The other workers will notice by its lease, and nobody can say that it was of no use.
        log.warning("worker %s died, and what it held could not be given back yet: %s", worker, error)
        return True
