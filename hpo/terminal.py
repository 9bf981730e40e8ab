"""Progress: a live bar on a terminal; anywhere else, such as a log file, a line whenever trials have finished."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
)

from hpo.signals import on_stop
from hpo.study.status import Status


class SearchProgress:
    """One bar for a search, or lines; `update` as often as you like."""

    def __init__(self, progress: Progress, budget: int) -> None:
        self._progress = progress
        self._told = 0
        self._task = progress.add_task("search", total=budget, folds=0, best="–", left="–", workers=0)

    def update(self, status: Status) -> None:
        """Show a status."""
        if self._progress.disable:
            self._tell(status)
            return
        self._progress.update(
            self._task,
            completed=status.finished,
            total=status.budget,
            folds=status.folds_trained,
            best="–" if status.best is None else f"{status.best.cv_accuracy:.4f}",
            left="–" if status.seconds_left is None else duration(status.seconds_left),
            workers=len(status.workers),
        )

    def _tell(self, status: Status) -> None:
        if status.finished != self._told:
            self._told = status.finished
            say(progress_line(status))


@contextmanager
def search_progress(budget: int) -> Iterator[SearchProgress]:
    """A live bar on stderr, or lines where stderr is not a terminal."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("trials"),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TextColumn("· folds {task.fields[folds]} · best CV {task.fields[best]}"),
        TextColumn("· {task.fields[workers]} at work · left {task.fields[left]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield SearchProgress(progress, budget)


@contextmanager
def step(what: str) -> Iterator[None]:
    """A spinner beside a step that takes a while; silent where stderr is not a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def say(text: str) -> None:
    """Talk goes to stderr, results to stdout."""
    print(text, file=sys.stderr)


def progress_line(status: Status) -> str:
    """One line for a log: how far the search is."""
    best = "" if status.best is None else f", best CV {status.best.cv_accuracy:.4f} (trial {status.best.number})"
    left = "" if not status.seconds_left else f", about {duration(status.seconds_left)} left"
    return (
        f"{status.finished} of {status.budget} trials finished, {status.folds_trained} folds trained{best}, "
        f"{len(status.workers)} at work{left}"
    )


def duration(seconds: float) -> str:
    """Seconds for people: 42 s, 3 min, 2 h 05 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


#: What to type next, by state; a study with workers needs nothing.
_NEXT = {"idle": "hpo worker", "paused": "hpo resume", "done": "hpo finalize --output report"}


def status_text(status: Status) -> str:
    """A status for people."""
    lines = [
        f"Study {status.study}: {status.state}, {status.finished} of {status.budget} trials finished",
        f"  complete {status.complete}, pruned {status.pruned}, failed {status.failed}, "
        f"running {status.running}, waiting {status.waiting}",
        f"  folds trained {status.folds_trained}, saved by pruning {status.folds_saved}",
    ]
    if status.best is not None:
        lines.append(f"  best CV accuracy {status.best.cv_accuracy:.4f} (trial {status.best.number})")
    for worker in status.workers:
        fold = "" if worker.fold is None else f", fold {worker.fold}"
        lines.append(
            f"  {worker.worker} on {worker.device}: trial {worker.trial}{fold}, "
            f"last heard of {duration(worker.silent_s)} ago"
        )
    if status.seconds_left and status.workers and status.state == "open":
        lines.append(f"  about {duration(status.seconds_left)} left at the present pace")
    if step := _NEXT.get("idle" if status.state == "open" and not status.workers else status.state):
        lines.append(f"Next: {step} --study {status.study}")
    return "\n".join(lines)


def watch_status(read: Callable[[], Status], interval_s: float = 2.0) -> None:
    """Show a status until the budget is spent or Ctrl-C is pressed."""
    current = read()
    with search_progress(current.budget) as progress, on_stop() as stop:
        while not stop and current.state != "done":
            progress.update(current)
            stop.wait(interval_s)
            current = read()
        progress.update(current)
