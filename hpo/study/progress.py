"""How far a search is: a live bar on a terminal; anywhere else, such as a log file, a line for each step on."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from hpo.objectives import NAMES
from hpo.study.status import Best, Status
from hpo.terminal import duration, say


class SearchProgress:
    """One bar for a search, or lines; `update` as often as you like."""

    def __init__(self, progress: Progress, budget: int) -> None:
        self._progress = progress
        self._told = 0
        self._task = progress.add_task("search", total=budget, folds=0, best="–", left="–", workers=0)

    def update(self, status: Status) -> None:
        """Shows a status."""
        if self._progress.disable:
            self._tell(status)
            return
        self._progress.update(
            self._task,
            completed=status.finished + status.parked,
            total=status.budget,
            folds=status.folds_trained,
            best="–" if status.best is None else _best(status, status.best),
            left="–" if status.seconds_to_the_report is None else duration(status.seconds_to_the_report),
            workers=len(status.workers),
        )

    def _tell(self, status: Status) -> None:
        if (gone_through := status.finished + status.parked) != self._told:
            self._told = gone_through
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
        TextColumn("· {task.fields[workers]} at work · report in {task.fields[left]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield SearchProgress(progress, budget)


def progress_line(status: Status) -> str:
    """One line for a log: how far the search is."""
    best = "" if status.best is None else f", best CV {_best(status, status.best)} (trial {status.best.number})"
    seconds = status.seconds_to_the_report
    left = "" if not status.seconds_left or seconds is None else f", about {duration(seconds)} to the report"
    parked = f", {status.parked} parked" if status.parked else ""
    return (
        f"{status.finished} of {status.budget} trials finished{parked}, {status.folds_trained} folds trained{best}, "
        f"{len(status.workers)} at work{left}"
    )


def _best(status: Status, best: Best) -> str:
    name = "" if status.objective == "accuracy" else f"{NAMES[status.objective]} "
    return f"{name}{best.cv_score:.4f}"
