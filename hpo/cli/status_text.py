"""`hpo status` for people, once; `watch` shows it time and again."""

import shlex

from hpo.objectives import NAMES
from hpo.study.ending import ended_in_words
from hpo.study.prospects import MOST_FINISHED, prospect_in_words
from hpo.study.pruning import pruning_in_words
from hpo.study.status import Status, WorkerStatus
from hpo.terminal import duration, moment

#: What to type next, by state; a study with workers needs nothing.
_NEXT = {"idle": "hpo worker", "paused": "hpo resume", "done": "hpo finalize --output report"}


def status_text(status: Status) -> str:
    """Returns a status for people."""
    lines = [
        f"Study {status.study}: {status.state}, {status.finished} of {status.budget} trials finished",
        f"  complete {status.complete}, pruned {status.pruned}, failed {status.failed}, "
        f"running {status.running}, waiting {status.waiting}{parked_in_words(status)}",
        f"  folds trained {status.folds_trained}, saved by pruning {status.folds_saved}",
    ]
    if status.finished <= MOST_FINISHED:
        lines.append(f"  {prospect_in_words(status.more_trials, status.objective)}")
    if status.pruning is not None and (cost := pruning_in_words(status.pruning)) is not None:
        lines.append(f"  {cost}")
    if status.ended is not None:
        lines.append(f"  {ended_in_words(status.ended, status.study)}")
    if status.foreign:
        lines.append(f"  {status.foreign} of other programs, not counted: no worker of hpo ran them")
    lines.append(f"  {best_in_words(status)}")
    for worker in status.workers:
        lines.append(
            f"  {worker.worker} on {worker.device}: {'helps with ' if worker.helps else ''}trial {worker.trial}"
            f"{_at(worker, status.max_epochs)}, "
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


def parked_in_words(status: Status) -> str:
    """How many of those that wait were begun and put aside."""
    return f" ({status.parked} parked)" if status.parked else ""


def best_in_words(status: Status) -> str:
    """The best trial so far, and what it is to be measured by."""
    majority = f"the commoner class alone {status.majority_accuracy:.4f}"
    if status.best is None:
        return f"no complete trial yet; {majority}"
    best, (low, high) = status.best, status.best.interval95
    accuracy = f"accuracy {best.cv_accuracy:.4f} ({low:.4f} to {high:.4f}"
    if status.objective == "accuracy":
        return f"best CV {accuracy}, trial {best.number}); {majority}"
    return f"best CV {NAMES[status.objective]} {best.cv_score:.4f} (trial {best.number}), {accuracy}); {majority}"


def _at(worker: WorkerStatus, max_epochs: int) -> str:
    if worker.fold is None:
        return ""
    rate = "" if worker.rows_per_s is None else f", {worker.rows_per_s:,.0f} rows/s"
    return f", fold {worker.fold}, epoch {worker.epochs} of {max_epochs}{rate}"
