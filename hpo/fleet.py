"""Worker processes on this machine: one per device, started, watched, restarted and stopped by their parent.

Secrets travel in the environment, never in `argv`. Children are in process groups of their own, so that Ctrl-C
reaches them once, through the parent, and they stop by themselves when the parent is gone.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from hpo.signals import StopFlag

#: A child that dies is started again this often; more would hide a fault.
MAX_RESTARTS = 5
PARENT = "HPO_PARENT_PID"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Where one worker process sits."""

    #: As `hpo worker --device` takes it, inside the child.
    device: str
    #: Further environment, for example CUDA_VISIBLE_DEVICES.
    environment: Mapping[str, str]


def seats_for(devices: Sequence[str], workers: int | None, cores: int) -> list[Seat]:
    """One seat per device, or `workers` seats dealt out over the devices.

    Args:
        devices: As PyTorch names them: ["cpu"], or ["cuda:0", "cuda:1"].
        workers: How many; None for one per GPU, or one per core on a CPU.
        cores: CPU cores of this machine.
    """
    count = workers or (cores if list(devices) == ["cpu"] else len(devices))
    return [_seat(devices[index % len(devices)]) for index in range(count)]


def _seat(device: str) -> Seat:
    if not device.startswith("cuda:"):
        return Seat(device=device, environment={})
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    index = int(device.removeprefix("cuda:"))
    name = visible.split(",")[index] if visible else str(index)
    return Seat(device="cuda:0", environment={"CUDA_VISIBLE_DEVICES": name})


@dataclass(kw_only=True)
class Fleet:
    """The worker processes of one command.

    Args:
        seats: One child for each.
        environment: HPO_STORAGE, HPO_STUDY and HPO_ARTIFACTS for the children.
        arguments: Further options of `hpo worker`.
        log_file: Where the children's log goes; None for this process's stderr.
    """

    seats: Sequence[Seat]
    environment: Mapping[str, str]
    arguments: Sequence[str] = ()
    log_file: Path | None = None
    restarts: int = 0
    exit_codes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start a child on every seat."""
        for index in range(len(self.seats)):
            self._children[index] = self._spawn(self.seats[index])

    @property
    def alive(self) -> int:
        """Children that run."""
        return len(self._children)

    def poll(self, stopping: bool) -> None:
        """Collect children that ended; start those again that died of something else than their work.

        Args:
            stopping: The fleet was asked to stop: start none.
        """
        for index, child in list(self._children.items()):
            code = child.poll()
            if code is None:
                continue
            del self._children[index]
            if code < 0 and not stopping and self.restarts < MAX_RESTARTS:
                self.restarts += 1
                log.warning("worker %d was killed by signal %d; starting another", child.pid, -code)
                self._children[index] = self._spawn(self.seats[index])
            else:
                self.exit_codes.append(code)

    def stop(self, grace_s: float = 30.0) -> None:
        """Ask every child to stop, and kill those that have not after `grace_s`."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        try:
            for child in self._children.values():
                child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("a worker did not stop within %.0f s and is killed", grace_s)
        finally:
            self._signal(signal.SIGKILL)
            for child in self._children.values():
                self.exit_codes.append(child.wait())
            self._children.clear()

    def _signal(self, number: signal.Signals) -> None:
        for child in self._children.values():
            if child.poll() is None:
                child.send_signal(number)

    def _spawn(self, seat: Seat) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            **self.environment,
            **seat.environment,
            PARENT: str(os.getpid()),
        }
        command = [sys.executable, "-m", "hpo", "worker", "--workers", "1", "--device", seat.device]
        with ExitStack() as files:
            log_to = files.enter_context(self.log_file.open("ab")) if self.log_file else None
            return subprocess.Popen(
                [*command, *self.arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log_to,
                process_group=0,
            )


def parent_is_gone() -> bool:
    """Whether this process is a fleet's child whose parent died."""
    expected = os.environ.get(PARENT)
    return expected is not None and os.getppid() != int(expected)


def wait_for(fleet: Fleet, stop: StopFlag, poll_s: float = 0.5) -> None:
    """Wait until every child has ended, or stop them when asked."""
    while fleet.alive and not stop.wait(poll_s):
        fleet.poll(stopping=False)
    if stop:
        fleet.stop()
