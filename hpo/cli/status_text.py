"""`hpo status` for people: as text, or watched until the budget is spent."""

import shlex
from collections.abc import Callable

from hpo.signals import on_stop
from hpo.study.progress import search_progress
from hpo.study.status import Status
from hpo.terminal import duration, moment

#: What to type next, by state; a study with workers needs nothing.
_NEXT = {"idle": "hpo worker", "paused": "hpo resume", "done": "hpo finalize --output report"}


def status_text(status: Status) -> str:
    """Returns a status for people."""
    lines = [
        f"Study {status.study}: {status.state}, {status.finished} of {status.budget} trials finished",
        f"  complete {status.complete}, pruned {status.pruned}, failed {status.failed}, "
        f"running {status.running}, waiting {status.waiting}",
        f"  folds trained {status.folds_trained}, saved by pruning {status.folds_saved}",
    ]
    if status.foreign:
        lines.append(f"  {status.foreign} of other programs, not counted: no worker of hpo ran them")
    if status.best is not None:
        lines.append(f"  best CV accuracy {status.best.cv_accuracy:.4f} (trial {status.best.number})")
    for worker in status.workers:
        fold = "" if worker.fold is None else f", fold {worker.fold}"
        lines.append(
            f"  {worker.worker} on {worker.device}: trial {worker.trial}{fold}, "
            f"last heard of {duration(worker.silent_s)} ago"
        )
    if status.seconds_left and status.workers and status.state == "open":
        answer = "" if status.finalize_seconds is None else f", then finalize about {duration(status.finalize_seconds)}"
        lines.append(f"  about {duration(status.seconds_left)} left at the present pace{answer}")
    if status.answered is not None:
        # The report again costs nothing: it is written from what is stored.
        lines.append(
            f"  answered on {moment(status.answered)}; the report again: hpo report --output report --study "
            f"{shlex.quote(status.study)}"
        )
    elif step := _NEXT.get("idle" if status.state == "open" and not status.workers else status.state):
        lines.append(f"Next: {step} --study {shlex.quote(status.study)}")
    return "\n".join(lines)


def watch_status(read: Callable[[], Status], interval_s: float = 2.0) -> None:
    """Shows a status until the budget is spent or Ctrl-C is pressed."""
    current = read()
    with search_progress(current.budget) as progress, on_stop() as stop:
        while not stop and current.state != "done":
            progress.update(current)
            stop.wait(interval_s)
            current = read()
        progress.update(current)
