"""Worker processes on this machine: one per device, started, watched, restarted and stopped by their parent.

Children are in process groups of their own, so that Ctrl-C reaches them once, through the parent, and they stop by
themselves when the parent is gone (`child`).
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from hpo.choices import LogFormat
from hpo.errors import EXIT_RENEW
from hpo.signals import StopFlag, StopNow
from hpo.stop_times import PARENT_PATIENCE_S
from hpo.study.address import StudyAddress
from hpo.workers.assignment import Assignment, Limits, new_name
from hpo.workers.devices import Slot
from hpo.workers.take_back import TakeBack
from model.allocator import ALLOCATOR_ENVIRONMENT

#: Children of one slot that may die in a row without having finished a trial; more would hide a fault.
MAX_FRUITLESS = 5
#: Signals by which children end that this process has stopped.
_OURS = (signal.SIGTERM, signal.SIGKILL)
#: What starts a child; an assignment's arguments follow.
CHILD = (sys.executable, "-m", "hpo.workers")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Child:
    #: As its leases say.
    worker: str
    process: subprocess.Popen[bytes]


@dataclass(kw_only=True)
class Fleet:
    """The worker processes of one parent.

    They live as long as the body of `with`: whatever ends it, none is left.

    Args:
        slots: One child for each.
        address: Where the children's study lives.
        take_back: Told of children that have ended.
        stop: Set when no child is to be started any more.
        limits: Of each slot, whatever number of children it has one after another.
        log_file: Where the children's log goes; None for this process's stderr.
        log_format: Of its lines.
        command: Starts a child.
    """

    slots: Sequence[Slot]
    address: StudyAddress
    take_back: TakeBack
    stop: StopFlag
    limits: Limits = field(default_factory=Limits)
    log_file: Path | None = None
    log_format: LogFormat = "text"
    command: Sequence[str] = CHILD
    restarts: int = 0
    exit_codes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._children: dict[int, _Child] = {}
        self._fruitless: Counter[int] = Counter()
        #: Of slots whose child died with several trials in hand.
        self._most_lanes: dict[int, int] = {}

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        for index in range(len(self.slots)):
            if not self.stop:
                self._spawn(index)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.end(grace_s=0.0 if kind is StopNow else PARENT_PATIENCE_S)

    @property
    def alive(self) -> int:
        """Children that run."""
        return len(self._children)

    def poll(self) -> None:
        """Collects children that ended; starts those again that died of something else than their work."""
        for index, child in list(self._children.items()):
            code = child.process.poll()
            if code is None:
                continue
            del self._children[index]
            if not _has_died(code) or not self._may_go_on(index, child, code) or self.stop:
                self.exit_codes.append(code)
                continue
            self.restarts += 1
            self._spawn(index)

    def end(self, grace_s: float) -> None:
        """Asks every child to stop, and kills those that have not after `grace_s`; a second signal cuts that short."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        try:
            for child in self._children.values():
                child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            if grace_s:
                log.warning("workers that did not stop within %.0f s are killed", grace_s)
        finally:
            self._signal(signal.SIGKILL)
            self._collect()

    def _collect(self) -> None:
        """Notes how the children ended, and has what they held taken back."""
        codes = {child.worker: child.process.wait() for child in self._children.values()}
        self._children.clear()
        self.exit_codes += codes.values()
        died = [worker for worker, code in codes.items() if _has_died(code) and -code not in _OURS]
        for worker in died:
            self.take_back.from_dead(worker, _how(codes[worker]))
        # Those that ended by themselves too: two signals may have been one too many for what they had left to do.
        if left := [worker for worker in codes if worker not in died]:
            self.take_back.from_stopped(left)

    def _may_go_on(self, index: int, child: _Child, code: int) -> bool:
        """Has what a dead child held taken back. Returns whether its slot may have another."""
        how = _how(code)
        left = self.take_back.from_dead(child.worker, how)
        if left.held > 1:
            # No fruitless death: it is on the way to the trial that is at fault, and the way is short.
            self._most_lanes[index] = left.held // 2
            log.warning(
                "worker %s died with %d trials in hand (%s): none is blamed; starting another that trains %d at once",
                *(child.worker, left.held, how, self._most_lanes[index]),
            )
            return True
        self._fruitless[index] = 0 if left.had_finished else self._fruitless[index] + 1
        if self._fruitless[index] < MAX_FRUITLESS:
            log.warning("worker %s died (%s); starting another", child.worker, how)
            return True
        log.error(
            "worker %s died (%s), the %dth in a row that finished no trial: its slot stays empty",
            *(child.worker, how, MAX_FRUITLESS),
        )
        return False

    def _signal(self, number: signal.Signals) -> None:
        for child in self._children.values():
            if child.process.poll() is None:
                child.process.send_signal(number)

    def _spawn(self, index: int) -> None:
        slot = self.slots[index]
        limits = self.limits.after(time.monotonic() - self._began)
        assignment = Assignment(
            address=self.address,
            worker=new_name(),
            device=slot.device,
            parent_pid=os.getpid(),
            log_format=self.log_format,
            limits=replace(limits, lanes=self._most_lanes.get(index, limits.lanes)),
        )
        environment = {
            # First, so that what the user has set himself wins.
            **ALLOCATOR_ENVIRONMENT,
            **os.environ,
            **slot.environment,
            **assignment.environment,
        }
        with ExitStack() as files:
            log_to = files.enter_context(self.log_file.open("ab")) if self.log_file else None
            process = subprocess.Popen(
                [*self.command, *assignment.arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log_to,
                process_group=0,
            )
        self._children[index] = _Child(assignment.worker, process)


def _has_died(code: int) -> bool:
    """Whether the process was killed, or ended itself to be replaced; any other code is its own last word."""
    return code < 0 or code == EXIT_RENEW


def _how(code: int) -> str:
    if code == EXIT_RENEW:
        return "a training step hung, or its device failed"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
