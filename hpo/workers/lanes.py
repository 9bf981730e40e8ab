"""Lanes: several trials at once on one device, a thread of this process for each.

Each lane is a worker of its own: it claims, holds a lease, prunes and puts back as if it were alone; what it trains has
the numbers that it would have alone (`model.gpu`). They share the device, and with it two kinds of trouble:

* **Memory.** A trial that runs out of it beside others goes back, and its lane ends. Only one that had the device for
  itself from its beginning to its end is told that it is too large.
* **A device that fails**, or a step that hangs, ends the process. The trial that showed it first stays held, so that
  the parent counts a death against it; the others go back without one.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from functools import partial

from hpo.errors import DeviceFullError, HpoError
from hpo.signals import StopFlag
from hpo.study.contract import Contract
from hpo.study.opened import OpenedStudy
from hpo.trial.development_rows import DevelopmentRows
from hpo.trial.held_trial import HeldTrial
from hpo.trial.runner import Outcome, TrialRunner
from hpo.trial.watchdog import end_process
from hpo.workers.worker import Worker, WorkerReport
from model.configuration import LearnerConfig
from model.cores import usable_cores
from model.gpu.capacity import MOST_LANES, Workload, measure_lanes
from storage.errors import StorageError
from storage.trials.lease import WorkerIdentity

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _AtWork:
    """A trial that a lane trains."""

    trial: HeldTrial
    #: Whether others were trained at any time since it began.
    had_company: bool


@dataclass(kw_only=True)
class Lanes:
    """Works on one study with several trials at once.

    Args:
        opened: The study.
        identity: Who we are, as the leases will say: the process, whatever the lane.
        runner: Runs trials on the device; serves all lanes.
        stop: Set when all lanes are to stop.
        count: Lanes, 1 or more.
        timeout_s: Claim no further trial after this time; None for no limit.
        end: Ends the process when a step hangs, with the seconds that it was given.
    """

    opened: OpenedStudy
    identity: WorkerIdentity
    runner: TrialRunner
    stop: StopFlag
    count: int
    timeout_s: float | None = None
    end: Callable[[float], None] = end_process
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._open = self.count
        self._at_work: dict[int, _AtWork] = {}
        self._device_failed = False
        self._error: BaseException | None = None

    def work(self) -> WorkerReport:
        """Runs trials until the budget is spent, the time is over, or the flag is set.

        Raises:
            DeviceLostError: The device computes nothing any more; the trial that showed it is still held.
            StorageError, HpoError, OSError: What ended the first lane that did not end well.
        """
        workers = [self._worker(lane) for lane in range(self.count)]
        threads = [
            threading.Thread(target=self._work_in_lane, args=(worker,), name=f"lane-{lane}", daemon=True)
            for lane, worker in enumerate(workers)
        ]
        for thread in threads:
            thread.start()
        # A second signal raises here, in the main thread; the parent then puts back what the lanes hold.
        for thread in threads:
            thread.join()
        if self._error is not None:
            raise self._error
        return _sum(worker.report for worker in workers)

    def _worker(self, lane: int) -> Worker:
        return Worker(
            opened=self.opened.for_another_thread(),
            identity=self.identity,
            device=self.runner.device,
            stop=self.stop,
            timeout_s=self.timeout_s,
            run_trial=partial(self._run, lane),
            is_culprit=self._is_first_to_fail,
        )

    def _work_in_lane(self, worker: Worker) -> None:
        try:
            while self._goes_on(worker):
                pass
        except BaseException as error:
            # Whatever it is: it is the main thread's to tell, and the other lanes put back what they hold.
            with self._lock:
                self._error = self._error or error
            self.stop.set()

    def _goes_on(self, worker: Worker) -> bool:
        """Works to the end; returns whether to begin again, after the device was full."""
        try:
            worker.work()
        except DeviceFullError as error:
            with self._lock:
                if self._open == 1:
                    # The others have gone since: the next trial has the device for itself.
                    return True
                self._open -= 1
                log.warning("%s Others had some of it: one lane fewer, %d go on", error.message, self._open)
        return False

    def _run(self, lane: int, trial: HeldTrial) -> Outcome:
        with self._working(lane, trial) as at_work:
            runner = replace(
                self.runner, has_company=lambda: at_work.had_company, on_hang=partial(self._put_others_back, lane)
            )
            return runner.run(trial)

    @contextmanager
    def _working(self, lane: int, trial: HeldTrial) -> Iterator[_AtWork]:
        with self._lock:
            mine = self._at_work[lane] = _AtWork(trial, had_company=False)
            if len(self._at_work) > 1:
                for at_work in self._at_work.values():
                    at_work.had_company = True
        try:
            yield mine
        finally:
            with self._lock:
                del self._at_work[lane]

    def _is_first_to_fail(self) -> bool:
        """Whether the device failed in nobody else's hands before: one kernel's fault reaches all lanes."""
        with self._lock:
            first, self._device_failed = not self._device_failed, True
            return first

    def _put_others_back(self, lane: int, limit_s: float) -> None:
        """Ends the process because a lane's step hangs; its trial alone stays held."""
        with self._lock:
            others = [at_work.trial for other, at_work in self._at_work.items() if other != lane]
        for trial in others:
            # What is not put back now goes back with its lease.
            with suppress(StorageError, HpoError):
                trial.put_back()
        self.end(limit_s)


def lanes_for(contract: Contract, development: DevelopmentRows, device: str) -> int:
    """Finds how many trials at once help: one on a CPU, which it keeps busy; on a GPU it is measured.

    Args:
        contract: The study's.
        development: Its rows.
        device: As PyTorch names it.
    """
    if device == "cpu":
        return 1
    space = contract.search.space
    typical, largest = (_workload(contract, development, config) for config in (space.middle, space.largest))
    lanes = measure_lanes(typical, largest, device, most=min(MOST_LANES, usable_cores()))
    log.info("%s trains %d trials at once (--lanes)", device, lanes)
    return lanes


def _workload(contract: Contract, development: DevelopmentRows, config: LearnerConfig) -> Workload:
    vocabulary_size = development.encoded(config.encoding).vocabulary_size
    return Workload(config, contract.settings, development.everything(config.encoding), vocabulary_size)


def _sum(reports: Iterator[WorkerReport]) -> WorkerReport:
    total = WorkerReport()
    for report in reports:
        for count in fields(WorkerReport):
            setattr(total, count.name, getattr(total, count.name) + getattr(report, count.name))
    return total
