"""`hpo worker`: in this process where there is one seat, in child processes where there are more."""

import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import asdict

from hpo.fleet import Fleet, Seat, parent_is_gone, wait_for
from hpo.progress import say
from hpo.run import Place
from hpo.session import open_session
from hpo.signals import StopFlag
from hpo.worker import Worker
from storage.leases import WorkerIdentity


def work_here(
    seats: Sequence[Seat],
    storage: str,
    study: str | None,
    artifacts: str | None,
    timeout_s: float | None,
    stop: StopFlag,
) -> int:
    """Work in this process, on the only seat. Returns the exit code."""
    session = open_session(storage, study, artifacts)
    identity = who_we_are(seats[0].device)
    stop.watch(parent_is_gone)
    worker = Worker(session=session, identity=identity, device=seats[0].device, stop=stop, timeout_s=timeout_s)
    report = worker.work()
    done = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in asdict(report).items() if count)
    say(f"Worker {identity.worker}: {done or 'nothing was left to do'}.")
    return 0


def work_in_children(
    seats: Sequence[Seat],
    storage: str,
    study: str | None,
    artifacts: str | None,
    timeout_s: float | None,
    stop: StopFlag,
) -> int:
    """Work in one child per seat. Returns 0 if all ended well, else 1."""
    # Opened here first: what is wrong with study or storage is said once, not by every child.
    session = open_session(storage, study, artifacts)
    place = Place(storage=storage, study=session.handle.name, artifacts=artifacts)
    arguments = () if timeout_s is None else ("--timeout", str(timeout_s))
    fleet = Fleet(seats=seats, environment=place.environment, arguments=arguments)
    fleet.start()
    try:
        wait_for(fleet, stop)
    finally:
        fleet.stop()
    return int(any(fleet.exit_codes))


def who_we_are(device: str) -> WorkerIdentity:
    """This process, by a name that no other process has, now or later."""
    host = socket.gethostname()
    name = f"{host}-{os.getpid()}-{secrets.token_hex(2)}"
    return WorkerIdentity(worker=name, host=host, pid=os.getpid(), device=device)
