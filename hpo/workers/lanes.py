"""Lanes: several trials at once on one device, a thread of this process for each.

Each lane is a worker of its own: it claims, holds a lease, prunes and puts back as if it were alone; what it trains has
the numbers that it would have alone (`model.gpu`). They share the device, and with it three kinds of trouble:

* **Memory.** A trial that runs out of it beside others goes back, and its lane ends. Only one that had the device for
  itself from its beginning to its end is told that it is too large.
* **A device that fails** ends the process with all that it holds: a GPU tells every thread of a fault, and nobody whose
  kernel it was. The parent (`fleet`) counts no death, and starts a process with half the lanes.
* **A step that hangs** ends the process too, but is known. Its trial alone stays held, so that the parent counts a
  death against it; the others go back first.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from queue import Empty, SimpleQueue

from hpo.errors import DeviceFullError, DeviceLostError
from hpo.signals import StopFlag, StopNow
from hpo.study.opened import OpenedStudy
from hpo.trial.ahead import FoldAhead
from hpo.trial.held_trial import HeldTrial
from hpo.trial.runner import Outcome, TrialRunner
from hpo.trial.watchdog import end_process
from hpo.workers.worker import PauseNews, Worker, WorkerReport
from storage.errors import StorageError
from storage.trials.lease import WorkerIdentity

#: Seconds that a second signal may wait until the main thread hears it.
_LONGEST_WAIT_S = 0.5

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _AtWork:
    """A trial that a lane trains."""

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

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work: list[_AtWork] = []
        self._open = self.count
        self._hung: DeviceLostError | None = None
        news = PauseNews()
        self._workers = [self._worker(lane, news) for lane in range(self.count)]

    def work(self) -> WorkerReport:
        """Runs trials until the budget is spent, the time is over, or the flag is set.

        Raises:
            DeviceLostError: The device computes nothing any more. Lanes may still hold trials: the process is to end.
            StorageError, HpoError, OSError: What ended the first lane that did not end well.
        """
        # What each lane ended with. A second signal interrupts this thread where it waits for it.
        ends: SimpleQueue[BaseException | None] = SimpleQueue()
        try:
            for lane, worker in enumerate(self._workers):
                threading.Thread(
                    target=self._work_in_lane, args=(worker, ends), name=f"lane-{lane}", daemon=True
                ).start()
            self._wait_for(ends)
        except StopNow:
            _let_go(self._workers)
            raise
        return _sum(worker.report for worker in self._workers)

    def _worker(self, lane: int, news: PauseNews) -> Worker:
        return Worker(
            opened=self.opened.for_another_thread(),
            identity=self.identity,
            device=self.runner.device,
            stop=self.stop,
            timeout_s=self.timeout_s,
            run_trial=partial(self._run, lane),
            train_ahead=partial(self._train_ahead, lane),
            news=news,
        )

    def _wait_for(self, ends: SimpleQueue[BaseException | None]) -> None:
        first: BaseException | None = None
        for _ in self._workers:
            error = _next_of(ends)
            if isinstance(error, DeviceLostError):
                # At once: a lane that had the time to put its trial back would leave another's to take the blame.
                raise error
            first = first or error
        if failed := first or self._hung:
            raise failed

    def _work_in_lane(self, worker: Worker, ends: SimpleQueue[BaseException | None]) -> None:
        try:
            while self._goes_on(worker):
                pass
        except DeviceLostError as error:
            ends.put(error)
        except BaseException as error:
            # Whatever it is: it is the main thread's to tell, and the other lanes put back what they hold.
            self.stop.set()
            ends.put(error)
        else:
            ends.put(None)

    def _goes_on(self, worker: Worker) -> bool:
        """Works to the end; returns whether to begin again, after the device was full."""
        try:
            worker.work()
        except DeviceFullError as error:
            with self._lock:
                # The last lane stays: its next trial has the device for itself.
                is_last = self._open == 1
                self._open -= not is_last
            log.warning("%s Others had some of it, so the trial goes back: %d at once from now on", error, self._open)
            return is_last
        return False

    def _run(self, lane: int, trial: HeldTrial) -> Outcome:
        with self._working(lane) as runner:
            return runner.run(trial)

    def _train_ahead(self, lane: int, fold: FoldAhead) -> bool:
        with self._working(lane) as runner:
            return runner.train_ahead(fold)

    @contextmanager
    def _working(self, lane: int) -> Iterator[TrialRunner]:
        """What trains in a lane during the body of `with`, and has company there, or is it to others."""
        mine = _AtWork(had_company=False)
        with self._lock:
            self._at_work.append(mine)
            if len(self._at_work) > 1:
                for at_work in self._at_work:
                    at_work.had_company = True
        try:
            yield replace(self.runner, has_company=lambda: mine.had_company, on_hang=partial(self._end, lane))
        finally:
            with self._lock:
                self._at_work.remove(mine)

    def _end(self, lane: int, limit_s: float) -> None:
        """Ends the process because a lane's step hangs; its trial alone stays held."""
        with self._lock:
            if self._hung is not None:
                # Another was the first, and this one may have waited for it.
                return
            self._hung = DeviceLostError(f"A training step took longer than {limit_s:g} s (--step-timeout).")
        # No lane claims another trial, and nobody waits long for a storage that is away.
        self.stop.set()
        _let_go(worker for other, worker in enumerate(self._workers) if other != lane)
        self.end(limit_s)


def _next_of(ends: SimpleQueue[BaseException | None]) -> BaseException | None:
    """Waits until a lane has ended, in short waits: a signal that comes just before one begins is heard at its end."""
    while True:
        with suppress(Empty):
            return ends.get(timeout=_LONGEST_WAIT_S)


def _let_go(workers: Iterable[Worker]) -> None:
    """Puts back what workers hold, all at once: where the storage is away, each of them waits for it."""
    threads = [threading.Thread(target=_let_go_of_one, args=(worker,), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _let_go_of_one(worker: Worker) -> None:
    # What is not put back now goes back by the parent's hand, or with its lease.
    with suppress(StorageError):
        worker.let_go()


def _sum(reports: Iterable[WorkerReport]) -> WorkerReport:
    total = WorkerReport()
    for report in reports:
        for count in fields(WorkerReport):
            setattr(total, count.name, getattr(total, count.name) + getattr(report, count.name))
    return total
