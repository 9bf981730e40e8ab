"""Who works on a study that is to be deleted: a lease that is renewed tells, and not what a clock says of it."""

import shlex
import time
from collections.abc import Callable

from hpo.choices import MOST
from hpo.errors import HpoError
from hpo.terminal import duration, say
from storage.retrying_storage import RetryingStorage
from storage.studies import StudyHandle
from storage.trials.ledger import RunningTrial
from storage.trials.stale import LeaseWatch

_SHOWN = 5


def check_nobody_works(
    storage: RetryingStorage,
    study: StudyHandle,
    lease_timeout_s: float,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[RunningTrial]:
    """Refuses a study that workers hold trials of; watches leases for their time, where there are any.

    Args:
        storage: Where it lies.
        study: The study.
        lease_timeout_s: After such a silence a worker is dead.
        wait: Waits for seconds.
        clock: Seconds, monotonic.

    Returns:
        The trials whose worker is dead.

    Raises:
        HpoError: Names those who work.
    """
    watch, first = LeaseWatch(lease_timeout_s, clock), held(storage, study)
    if first:
        say(f"Watching {_trials(first)} for up to {duration(lease_timeout_s)}: does a worker still hold any?")
    running = first
    while running:
        unchanged = watch.unchanged_s(running)
        if min(unchanged.values()) >= lease_timeout_s:
            break
        wait(min(1.0, lease_timeout_s / 10))
        running = held(storage, study)
        refuse_others(study, running, first)
    return first


def held(storage: RetryingStorage, study: StudyHandle) -> list[RunningTrial]:
    """Returns the trials that are RUNNING under a lease."""
    return [trial for trial in storage.ledger.running_trials(study.study_id, MOST) if trial.lease is not None]


def refuse_others(study: StudyHandle, running: list[RunningTrial], dead: list[RunningTrial]) -> None:
    """Refuses where a trial is held otherwise than the dead held it.

    Raises:
        HpoError: Names who holds it.
    """
    alive = [trial for trial in running if trial not in dead]
    if not alive:
        return
    told = [f"{one.lease.worker} on {one.lease.device} (trial {one.number})" for one in alive if one.lease]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    raise HpoError(
        f"{len(alive)} {'trial is' if len(alive) == 1 else 'trials are'} at work on study {study.name!r}: "
        f"{', '.join(told[:_SHOWN])}{more}.",
        f"Stop the workers (Ctrl-C, or SIGTERM), or let them finish: hpo pause --study {shlex.quote(study.name)}. "
        "Then delete it.",
    )


def _trials(running: list[RunningTrial]) -> str:
    return f"trial {running[0].number}" if len(running) == 1 else f"{len(running)} trials"
