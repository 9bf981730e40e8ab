"""Workers by the clock: who is free asks a search for a job, and is busy for as long as the job's epochs took.

A job costs what its training cost when it was recorded, on one thread; claims, proposals and artifacts cost nothing.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Job:
    """Epochs of one fold of one trial."""

    trial: int
    fold: int
    seconds: float
    #: Whether the fold is finished at the end; else it was broken off.
    finishes: bool = True


@dataclass(frozen=True)
class Decided:
    """A trial that was given up, or went through all folds.

    Attributes:
        row: Of the table.
        pruned: Whether it was given up.
        beside: The row of the best complete trial when that was decided; None where there was none.
    """

    row: int
    pruned: bool
    beside: int | None


class Search(Protocol):
    """Something that hands out jobs and hears of their end."""

    #: The trials whose fate is known.
    decided: list[Decided]

    def next_job(self, worker: int) -> Job | None:
        """A job for a free worker; None where there is none at present."""

    def ended(self, worker: int, job: Job) -> None:
        """Takes note of a job's end."""

    def answer(self) -> int | None:
        """The row of the table that the search would answer with: its best complete trial."""


@dataclass
class Timeline:
    """What came of a search.

    Attributes:
        moments: Whenever the answer changed: seconds by the clock, seconds of training by all workers, the answer.
        clock: Seconds until the last job ended.
        cost: Seconds of training, of all workers.
        folds: Folds that were finished.
    """

    moments: list[tuple[float, float, int]] = field(default_factory=list)
    clock: float = 0.0
    cost: float = 0.0
    folds: int = 0

    def until(self, good: Callable[[int], bool]) -> tuple[float, float] | None:
        """Clock and cost when the answer was good for the first time; None where it never was."""
        return next(((clock, cost) for clock, cost, row in self.moments if good(row)), None)


def run(search: Search, workers: int) -> Timeline:
    """Runs a search to its end.

    Args:
        search: Which hands out jobs.
        workers: That work at once.
    """
    line = Timeline()
    busy: list[tuple[float, int, Job, float]] = []
    free: Sequence[int] = range(workers)
    while True:
        waiting = []
        for worker in free:
            job = search.next_job(worker)
            if job is None:
                waiting.append(worker)
            else:
                heapq.heappush(busy, (line.clock + job.seconds, worker, job, line.clock))
        if not busy:
            return line
        line.clock, worker, job, _ = heapq.heappop(busy)
        line.cost += job.seconds
        line.folds += job.finishes
        search.ended(worker, job)
        answer = search.answer()
        if answer is not None and (not line.moments or line.moments[-1][2] != answer):
            under_way = sum(line.clock - began for _, _, _, began in busy)
            line.moments.append((line.clock, line.cost + under_way, answer))
        free = [worker, *waiting]
