"""`hpo worker`: a parent, and one child process per slot that does the work."""

import logging
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import NoReturn

from hpo.signals import StopFlag
from hpo.study.address import StudyAddress
from hpo.study.opened import OpenedStudy, open_study
from hpo.terminal import say
from hpo.workers.burial import bury, give_back
from hpo.workers.devices import Slot
from hpo.workers.fleet import NAME, Fleet, new_name, parent_is_gone
from hpo.workers.patrol import Patrol
from hpo.workers.worker import Worker
from storage.errors import StorageError
from storage.retry import RetryPolicy
from storage.trials.lease import WorkerIdentity

#: Seconds between looks at the children.
POLL_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a worker may go on."""

    #: Claim no further trial after this time; None for no limit.
    timeout_s: float | None
    #: The longest that one training step may take.
    step_timeout_s: float

    @property
    def arguments(self) -> list[str]:
        """As options of `hpo worker`."""
        timeout = [] if self.timeout_s is None else ["--timeout", str(self.timeout_s)]
        return [*timeout, "--step-timeout", str(self.step_timeout_s)]


def work_here(
    slots: Sequence[Slot], storage: str, study: str | None, artifacts: str | None, limits: Limits, stop: StopFlag
) -> int:
    """Work in this process, a parent's child, on the only slot. Returns the exit code."""
    # The parent has found the storage well: one that is away now is waited for, as it is in the middle of a trial.
    opened = open_study(storage, study, artifacts, opening=RetryPolicy())
    identity = who_we_are(slots[0].device)
    stop.watch(parent_is_gone)
    worker = Worker(
        opened=opened,
        identity=identity,
        device=identity.device,
        stop=stop,
        timeout_s=limits.timeout_s,
        step_timeout_s=limits.step_timeout_s,
    )
    report = worker.work()
    done = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in asdict(report).items() if count)
    idle = "stopped before its first trial" if stop else _why_idle(opened)
    say(f"Worker {identity.worker}: {done or idle}.")
    return 0


def work_in_children(
    slots: Sequence[Slot], opened: OpenedStudy, place: StudyAddress, limits: Limits, stop: StopFlag
) -> int:
    """Work in one child per slot. Returns 0 if all ended well, else 1.

    A single slot has a parent too: a trial may take its process with it, and the worker lives on.
    """
    # Here first: what differs is said once, not by every child.
    opened.contract.check_versions()
    fleet = Fleet(
        slots=slots,
        environment=place.environment,
        bury=partial(bury, opened),
        give_back=partial(give_back, opened),
        stop=stop,
        arguments=limits.arguments,
    )
    patrol = Patrol(opened)
    with fleet:
        while fleet.alive and not stop.wait(POLL_S):
            fleet.poll()
            patrol.look()
    code = int(any(fleet.exit_codes))
    if code == 0 and not stop:
        _say_what_is_next(opened)
    return code


def leave(code: int) -> NoReturn:
    """End a child's process without tearing Python down.

    Reading data starts threads in libraries that may still be starting when a worker has nothing to do or is stopped at
    once; torn down then, they abort the process, which its parent would take for a death.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _say_what_is_next(opened: OpenedStudy) -> None:
    # Courtesy: a storage that is away just now is not waited for.
    with suppress(StorageError, KeyError):
        opened = opened.in_a_hurry()
        if opened.queue.counts(opened.budget).is_spent:
            say(f"All trials are finished. Next: hpo finalize --study {opened.handle.name} --output report")


def _why_idle(opened: OpenedStudy) -> str:
    """Why a worker ended without a trial: the budget is spent, or its time was over first."""
    if opened.queue.counts(opened.budget).is_spent:
        return "nothing was left to do"
    return "its time was over, and the study is paused (hpo resume)" if opened.paused else "its time was over"


def who_we_are(device: str) -> WorkerIdentity:
    """This process, by the name that its parent gave it."""
    name = os.environ.get(NAME) or new_name()
    return WorkerIdentity(worker=name, host=socket.gethostname(), pid=os.getpid(), device=device)
