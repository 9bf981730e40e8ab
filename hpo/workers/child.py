"""A parent's child: the process that works on one device. `python -m hpo.workers` starts it, and nobody else.

It ends when its study's budget is spent, when it is asked to, and when its parent is gone.
"""

import logging
import os
import socket
import sys
from dataclasses import asdict
from typing import NoReturn

from hpo.boundary import exit_code_of
from hpo.signals import StopFlag, on_stop
from hpo.study.opened import OpenedStudy, open_study
from hpo.terminal import say
from hpo.trial.runner import TrialRunner
from hpo.workers.assignment import Assignment, Limits, read_assignment
from hpo.workers.lane_count import lanes_for
from hpo.workers.lanes import Lanes
from hpo.workers.log import begin_log
from hpo.workers.worker import Worker
from model.gpu.capacity import MOST_LANES
from model.runtime import resolve_device
from storage.retry import RetryPolicy
from storage.trials.lease import WorkerIdentity

#: Lanes talk to the storage for milliseconds now and then; more connections than these would idle.
MOST_CONNECTIONS = 8


def main() -> NoReturn:
    """Does what this process was started for, and ends it."""
    leave(exit_code_of(lambda: work(read_assignment(sys.argv[1:]))))


def work(assignment: Assignment) -> int:
    """Works in this process. Returns the exit code."""
    begin_log(assignment.log_format, **_about(assignment))
    device = str(resolve_device(assignment.device))
    with on_stop() as stop:
        # The parent has found the storage well: one that is away now is waited for, as in the middle of a trial.
        opened = open_study(assignment.address, opening=RetryPolicy(), threads=_connections(assignment.limits, device))
        stop.watch(lambda: os.getppid() != assignment.parent_pid)
        report = _worker(assignment, opened, device, stop).work()
        done = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in asdict(report).items() if count)
        idle = "stopped before its first trial" if stop else _why_idle(opened)
        say(f"Worker {assignment.worker}: {done or idle}.")
    return stop.exit_code


def _about(assignment: Assignment) -> dict[str, str]:
    study = {} if assignment.address.study is None else {"study": assignment.address.study}
    return {**study, "worker": assignment.worker, "device": assignment.device}


def _worker(assignment: Assignment, opened: OpenedStudy, device: str, stop: StopFlag) -> Worker | Lanes:
    """Returns one worker in this thread, or lanes of them where several trials at once help."""
    limits = assignment.limits
    opened.contract.check_versions()
    opened.contract.check_device(device)
    runner = TrialRunner.of(opened, device, limits.step_timeout_s)
    contract = opened.contract
    lanes = limits.lanes or lanes_for(contract.search.space, contract.settings, runner.development, device)
    identity = identity_of(assignment.worker, device)
    if lanes > 1:
        return Lanes(
            opened=opened, identity=identity, runner=runner, stop=stop, count=lanes, timeout_s=limits.timeout_s
        )
    return Worker(
        opened=opened,
        identity=identity,
        device=device,
        stop=stop,
        timeout_s=limits.timeout_s,
        run_trial=runner.run,
        train_ahead=runner.train_ahead,
    )


def _connections(limits: Limits, device: str) -> int:
    """Returns how many connections to the storage are enough: a worker and its heartbeat talk to it."""
    lanes = limits.lanes or (1 if device == "cpu" else MOST_LANES)
    return min(2 * lanes, MOST_CONNECTIONS)


def leave(code: int) -> NoReturn:
    """Ends this process without tearing Python down.

    Reading data starts threads in libraries that may still be starting when a worker has nothing to do or is stopped at
    once; torn down then, they abort the process, which its parent would take for a death.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def identity_of(worker: str, device: str) -> WorkerIdentity:
    """Returns this process as leases name it."""
    return WorkerIdentity(worker=worker, host=socket.gethostname(), pid=os.getpid(), device=device)


def _why_idle(opened: OpenedStudy) -> str:
    """Why a worker ended without a trial: the budget is spent, or its time was over first."""
    if opened.queue.counts(opened.budget).is_spent:
        return "nothing was left to do"
    return "its time was over, and the study is paused (hpo resume)" if opened.paused else "its time was over"
