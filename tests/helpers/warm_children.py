"""Children of a parent of workers, forked from it before it begins, where others import everything anew.

They have done nothing but wait when they become what `python -m hpo.workers` is: children of this process, with the
environment, the log, the process group and the exit code that the parent gives them.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import IO

from hpo.workers import child, fleet

#: Children that wait: process id, and where to write what they are to do.
_waiting: list[tuple[int, int]] = []


def wait_for_work(count: int) -> None:
    """Forks children, which the fleet of this process takes before it starts any other."""
    for _ in range(count):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            for _, others in _waiting:
                os.close(others)
            os.close(write)
            _work(read)
        os.close(read)
        _waiting.append((pid, write))
    fleet.subprocess = _Subprocess  # type: ignore[attr-defined]


def _work(read: int) -> None:
    """Does what is told, or nothing where the parent ends first."""
    with os.fdopen(read) as told:
        asked = told.read()
    if not asked:
        os._exit(0)
    arguments, environment, log = json.loads(asked)
    os.setpgid(0, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, target in enumerate((nothing, nothing, os.open(log, os.O_WRONLY | os.O_APPEND) if log else 2)):
        os.dup2(target, number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["hpo.workers", *arguments]
    child.main()


class _Child:
    """A forked child; as much of a `Popen` as the fleet uses."""

    returncode: int | None = None

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: str | None) -> None:
        self.pid, write = _waiting.pop()
        with os.fdopen(write, "w") as told:
            json.dump([arguments, environment, log], told)

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired("hpo.workers", timeout or 0.0)
            time.sleep(0.005)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class _Subprocess:
    """The module, as the fleet uses it."""

    DEVNULL = subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired

    @staticmethod
    def Popen(  # noqa: N802 - as there
        command: Sequence[str], env: Mapping[str, str], stderr: IO[bytes] | None, **rest: object
    ) -> "_Child | subprocess.Popen[bytes]":
        if not _waiting:
            return subprocess.Popen(command, env=dict(env), stderr=stderr, **rest)  # type: ignore[call-overload,no-any-return]
        arguments = command[len(fleet.CHILD) :]
        return _Child(arguments, env, None if stderr is None else stderr.name)
