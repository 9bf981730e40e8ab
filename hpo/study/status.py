"""How a study stands: read from the storage, shown by `status`, `run` and the report."""

import dataclasses
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial

from hpo.choices import OBJECTIVE, Objective
from hpo.evaluation.intervals import wilson
from hpo.objectives import measured
from hpo.search.gain import Prospect
from hpo.study.answers import last_answered
from hpo.study.attributes import configuration, finished_folds, fold_accuracies, openings_of
from hpo.study.end_search import find_end
from hpo.study.ending import Ended
from hpo.study.hints import stored_hint
from hpo.study.opened import OpenedStudy
from hpo.study.own_trials import as_they_stand, own
from hpo.study.prospects import MOST_FINISHED, prospect_of_trials
from hpo.study.pruning import Pruning, read_pruning
from hpo.study.time_left import finalize_seconds, seconds_left, work_left
from storage.trials.lease import Lease
from storage.trials.ledger import Overview


@dataclass(frozen=True, kw_only=True)
class Best:
    """The incumbent: the best complete trial."""

    number: int
    cv_accuracy: float
    #: What was measured of the study's objective, mean over the folds: a log loss is positive.
    cv_score: float
    #: Of that accuracy on so many rows, each for itself: that it is the best of many, or rows alike, is not in it.
    interval95: tuple[float, float]
    params: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WorkerStatus:
    """A worker that holds a trial, or trains a fold of it ahead."""

    worker: str
    host: str
    pid: int
    device: str
    trial: int
    fold: int | None
    #: Of the fold, that are trained.
    epochs: int
    #: Training rows a second in the last of them; None before the first.
    rows_per_s: float | None
    #: Seconds since its last beat, by this machine's clock.
    silent_s: float
    #: Whether another holds the trial.
    helps: bool = False


@dataclass(frozen=True, kw_only=True)
class Status:
    """A study at one moment."""

    study: str
    #: What trials are compared by.
    objective: Objective = OBJECTIVE
    budget: int
    complete: int
    pruned: int
    failed: int
    running: int
    waiting: int
    #: Of those that wait: begun, and put aside since others are worth more.
    parked: int = 0
    #: Trials that other programs added or ran: not counted.
    foreign: int
    workers: tuple[WorkerStatus, ...]
    best: Best | None
    #: What always calling the commoner class would reach on the development rows.
    majority_accuracy: float
    #: Of a fold, at most.
    max_epochs: int
    folds_trained: int
    #: Folds that pruned trials did not train.
    folds_saved: int
    #: "open", "paused" or "done".
    state: str
    #: Of the search, estimated from the work of its last folds; None where too few are finished, or nobody works.
    seconds_left: float | None
    #: Seconds of training still to be done, whoever does them; None where too few folds are finished.
    work_left: float | None = None
    #: Of `finalize`, estimated from the best trial; None before the first is complete.
    finalize_seconds: float | None = None
    #: What ten more trials promise; None where that was not asked, or the trials tell too little.
    more_trials: Prospect | None = None
    #: What pruning costs, here and in the whole storage; None where that was not asked, or trials are not parked.
    pruning: Pruning | None = None
    #: What ended the search before its budget was spent; None where nothing has.
    ended: Ended | None = None
    #: When it was answered last, from all trials of the budget; None where it was not. ISO 8601, UTC.
    answered: str | None = None

    @property
    def seconds_to_the_report(self) -> float | None:
        """Until the search has ended and `finalize` has answered."""
        return None if self.seconds_left is None else self.seconds_left + (self.finalize_seconds or 0.0)

    @property
    def finished(self) -> int:
        """Trials that count against the budget and have ended."""
        return self.complete + self.pruned + self.failed

    def as_dict(self) -> dict[str, Any]:
        """As `hpo status --json` prints it."""
        return dataclasses.asdict(self)


def read_status(opened: OpenedStudy, *, prospects: bool = False) -> Status:
    """The status of an opened study; the database counts, and no trial but the best is read.

    Args:
        opened: The study.
        prospects: Whether to tell what more trials promise and what pruning costs, for which all trials are read.
    """
    budget, paused, ended = find_end(opened)
    overview = opened.storage.ledger.overview(opened.handle.study_id, budget)
    counts, folds = overview.counts, opened.contract.splitting.folds
    rows, objective = opened.contract.data.development, opened.contract.search.objective
    unfinished = "paused" if paused else "open"
    best = None if overview.best_id is None else opened.storage.get_trial(overview.best_id)
    records = [] if best is None else finished_folds(best.user_attrs, folds)
    helpers = tuple(_helpers(overview))
    return Status(
        study=opened.handle.name,
        objective=objective,
        budget=budget,
        complete=counts.complete,
        pruned=counts.pruned,
        failed=counts.failed,
        running=counts.running,
        waiting=budget - counts.finished - counts.running,
        parked=overview.parked,
        foreign=counts.foreign,
        workers=(
            *(_worker(trial.number, trial.lease) for trial in overview.running if trial.lease),
            *helpers,
        ),
        best=None if best is None else _best(best, objective, rows.rows),
        majority_accuracy=max(rows.resistant, rows.rows - rows.resistant) / rows.rows,
        max_epochs=opened.contract.settings.max_epochs,
        folds_trained=overview.folds,
        folds_saved=folds * counts.pruned - overview.folds_of_pruned,
        state="done" if counts.is_spent else unfinished,
        seconds_left=seconds_left(overview, folds, len(helpers)),
        work_left=work_left(overview, folds),
        finalize_seconds=finalize_seconds([record.seconds for record in records], rows.rows),
        more_trials=prospect_of_trials(as_they_stand(trials_in_budget(opened, budget)), folds, objective)
        if prospects and counts.finished <= MOST_FINISHED
        else None,
        pruning=read_pruning(opened) if prospects else None,
        ended=ended,
        answered=_answered(opened, budget) if counts.is_spent else None,
    )


def _answered(opened: OpenedStudy, budget: int) -> str | None:
    """Says when the study was answered last; where an earlier version did, when it opened the test set last."""
    attributes = opened.handle.attributes()
    return last_answered(attributes, budget) or max(openings_of(attributes), default=None)


def trials_in_budget(opened: OpenedStudy, budget: int) -> list[FrozenTrial]:
    """The study's trials in the budget, by number: the first that are ours, so many."""
    return own(opened.storage.get_all_trials(opened.handle.study_id, deepcopy=False))[:budget]


def best_trial(complete: list[FrozenTrial]) -> FrozenTrial | None:
    """The complete trial with the highest value; of equal ones the first."""
    return max(complete, key=lambda trial: (trial.value or 0.0, -trial.number), default=None)


def _best(trial: FrozenTrial, objective: Objective, rows: int) -> Best:
    # Its value is the mean of its scores; it stands in for what somebody has damaged.
    value = trial.value or 0.0
    accuracies = fold_accuracies(trial.user_attrs) or (value,)
    params = configuration(trial.user_attrs) or trial.params
    accuracy = sum(accuracies) / len(accuracies)
    # What a database holds may be anything; the interval is of proportions.
    interval = wilson(min(1.0, max(0.0, accuracy)), rows)
    return Best(
        number=trial.number,
        cv_accuracy=accuracy,
        cv_score=accuracy if objective == "accuracy" else measured(objective, value),
        interval95=(interval.low, interval.high),
        params=dict(params),
    )


def _helpers(overview: Overview) -> Iterator[WorkerStatus]:
    """Who trains a fold ahead of a trial that another holds."""
    held = {trial.lease.token for trial in overview.running if trial.lease}
    for stored in overview.hints:
        hint = stored_hint(stored.text)
        if hint is not None and not hint.is_done and hint.token not in held:
            yield WorkerStatus(
                worker=hint.worker,
                host=hint.host,
                pid=hint.pid,
                device=hint.device,
                trial=stored.number,
                fold=stored.fold,
                epochs=hint.epochs,
                rows_per_s=None,
                silent_s=_since(hint.renewed_at),
                helps=True,
            )


def _worker(trial: int, lease: Lease) -> WorkerStatus:
    return WorkerStatus(
        worker=lease.worker,
        host=lease.host,
        pid=lease.pid,
        device=lease.device,
        trial=trial,
        fold=lease.fold,
        epochs=lease.epochs,
        rows_per_s=lease.rows_per_s,
        silent_s=_since(lease.renewed_at),
    )


def _since(moment: float) -> float:
    now = datetime.datetime.now(datetime.UTC).timestamp()
    return round(max(0.0, now - moment), 1)
