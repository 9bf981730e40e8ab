"""`hpo status --watch`: the study and its workers on one screen; without a terminal, a line for each step on."""

import itertools
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from hpo.cli.status_text import best_in_words, parked_in_words
from hpo.printable import printable
from hpo.signals import on_stop
from hpo.study.progress import progress_line
from hpo.study.status import Status, WorkerStatus
from hpo.terminal import duration, say

_HOST = 24
_HEADER = ("host", "device", "trial", "fold", "epoch", "rows/s", "heard")
_HOSTS_HEADER = ("host", "devices", "workers", "trials", "", "rows/s", "heard")


def watch_status(read: Callable[[], Status], interval_s: float = 2.0) -> None:
    """Shows a status until the budget is spent or Ctrl-C is pressed.

    Args:
        read: Reads it.
        interval_s: Seconds between two looks.
    """
    console = Console(stderr=True, highlight=False)
    with on_stop() as stop:
        if console.is_terminal:
            _on_a_screen(console, read, lambda: stop.wait(interval_s))
        else:
            _line_by_line(read, lambda: stop.wait(interval_s))


def _on_a_screen(console: Console, read: Callable[[], Status], wait: Callable[[], bool]) -> None:
    with Live(console=console, auto_refresh=False) as live:
        while True:
            status = read()
            lines = screen(status, console.width, console.height - 1)
            live.update(Text("\n".join(lines), no_wrap=True), refresh=True)
            if status.state == "done" or wait():
                return


def _line_by_line(read: Callable[[], Status], wait: Callable[[], bool]) -> None:
    told = -1
    while True:
        status = read()
        if status.finished != told:
            told = status.finished
            say(progress_line(status))
        if status.state == "done" or wait():
            return


def screen(status: Status, width: int, height: int) -> list[str]:
    """Returns what a screen shows of a status.

    Args:
        status: Of the study.
        width: Characters of a line.
        height: Lines; where there is no room for a line for each worker, each host has one.
    """
    lines = _summary(status)
    if status.workers:
        lines += ["", *_workers(status, max(2, height - len(lines) - 1))]
    return [_cut(printable(line), width) for line in lines[:height]]


def _summary(status: Status) -> list[str]:
    left = (
        ""
        if status.seconds_to_the_report is None
        else f", about {duration(status.seconds_to_the_report)} to the report"
    )
    rate = sum(worker.rows_per_s or 0.0 for worker in status.workers)
    at_work = f"{len(status.workers)} at work" + (f" on {rate:,.0f} rows/s" if rate else "")
    best = best_in_words(status)
    return [
        f"Study {status.study}: {status.state}, {status.finished} of {status.budget} trials finished",
        f"complete {status.complete}, pruned {status.pruned}, failed {status.failed}, waiting {status.waiting}"
        f"{parked_in_words(status)}",
        *([best] if status.best is None else best.split("; ")),
        f"folds trained {status.folds_trained}, saved by pruning {status.folds_saved}",
        f"{at_work}{left}",
    ]


def _workers(status: Status, room: int) -> list[str]:
    by_host = sorted(status.workers, key=lambda one: (one.host, one.device, one.trial))
    if len(by_host) < room:
        return _table(_HEADER, [_row(one, status.max_epochs) for one in by_host])
    hosts = [_host(name, list(group)) for name, group in itertools.groupby(by_host, key=lambda one: one.host)]
    if len(hosts) < room:
        return _table(_HOSTS_HEADER, hosts)
    shown = _table(_HOSTS_HEADER, hosts[: room - 2])
    return [*shown, f"and {len(hosts) - room + 2} more hosts: hpo status lists all workers"]


def _row(worker: WorkerStatus, max_epochs: int) -> tuple[str, ...]:
    fold = "" if worker.fold is None else f"{worker.fold}{' ahead' if worker.helps else ''}"
    epoch = "" if worker.fold is None else f"{worker.epochs}/{max_epochs}"
    rate = "" if worker.rows_per_s is None else f"{worker.rows_per_s:,.0f}"
    return (
        _cut(worker.host, _HOST),
        worker.device,
        str(worker.trial),
        fold,
        epoch,
        rate,
        f"{duration(worker.silent_s)} ago",
    )


def _host(name: str, workers: Sequence[WorkerStatus]) -> tuple[str, ...]:
    devices = sorted({worker.device for worker in workers})
    rate = sum(worker.rows_per_s or 0.0 for worker in workers)
    return (
        _cut(name, _HOST),
        devices[0] if len(devices) == 1 else f"{len(devices)} devices",
        str(len({worker.worker for worker in workers})),
        str(len(workers)),
        "",
        f"{rate:,.0f}" if rate else "",
        f"{duration(max(worker.silent_s for worker in workers))} ago",
    )


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Aligned columns: words to the left, figures to the right."""
    every = [header, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(header))]
    return [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in every
    ]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
