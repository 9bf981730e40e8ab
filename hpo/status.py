"""How a study stands: read from the storage, shown by `status`, `run` and the report."""

import dataclasses
import datetime
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from hpo.attributes import CONFIGURATION, FOLD_ACCURACIES, finished_folds
from hpo.session import Session
from storage.leases import lease_of


@dataclass(frozen=True, kw_only=True)
class Best:
    """The incumbent: the best complete trial."""

    number: int
    cv_accuracy: float
    params: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WorkerStatus:
    """A worker that holds a trial."""

    worker: str
    host: str
    pid: int
    device: str
    trial: int
    fold: int | None
    #: Seconds since its last beat, by this machine's clock.
    silent_s: float


@dataclass(frozen=True, kw_only=True)
class Status:
    """A study at one moment."""

    study: str
    budget: int
    complete: int
    pruned: int
    failed: int
    running: int
    waiting: int
    workers: tuple[WorkerStatus, ...]
    best: Best | None
    folds_trained: int
    #: Folds that pruned trials did not train.
    folds_saved: int
    #: "open", "paused" or "done".
    state: str
    #: Estimate from the pace of the last trials; None before the first is finished.
    seconds_left: float | None

    @property
    def finished(self) -> int:
        """Trials that count against the budget and have ended."""
        return self.complete + self.pruned + self.failed

    def as_dict(self) -> dict[str, Any]:
        """As `hpo status --json` prints it."""
        return dataclasses.asdict(self)


def read_status(session: Session) -> Status:
    """The status of an opened study."""
    budget = session.budget
    trials = trials_in_budget(session, budget)
    by_state = {state: [t for t in trials if t.state == state] for state in TrialState}
    complete, pruned, failed = (by_state[state] for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL))
    finished = [*complete, *pruned, *failed]
    folds = session.contract.splitting.folds
    trained = {trial.number: len(finished_folds(trial.user_attrs, folds)) for trial in trials}
    running = by_state[TrialState.RUNNING]
    unfinished = "paused" if session.paused else "open"
    return Status(
        study=session.handle.name,
        budget=budget,
        complete=len(complete),
        pruned=len(pruned),
        failed=len(failed),
        running=len(running),
        waiting=budget - len(finished) - len(running),
        workers=tuple(status for trial in running if (status := _worker(trial)) is not None),
        best=_best(complete),
        folds_trained=sum(trained.values()),
        folds_saved=sum(folds - trained[trial.number] for trial in pruned),
        state="done" if len(finished) >= budget else unfinished,
        seconds_left=_seconds_left(finished, budget),
    )


def trials_in_budget(session: Session, budget: int) -> list[FrozenTrial]:
    """The study's trials whose number lies below the budget."""
    trials = session.storage.get_all_trials(session.handle.study_id, deepcopy=False)
    return [trial for trial in trials if trial.number < budget]


def best_trial(complete: list[FrozenTrial]) -> FrozenTrial | None:
    """The complete trial with the highest value; of equal ones the first."""
    return max(complete, key=lambda trial: (trial.value or 0.0, -trial.number), default=None)


def _best(complete: list[FrozenTrial]) -> Best | None:
    trial = best_trial(complete)
    if trial is None:
        return None
    params = trial.user_attrs.get(CONFIGURATION) or trial.params
    accuracies = trial.user_attrs[FOLD_ACCURACIES]
    return Best(number=trial.number, cv_accuracy=sum(accuracies) / len(accuracies), params=dict(params))


def _worker(trial: FrozenTrial) -> WorkerStatus | None:
    lease = lease_of(trial)
    if lease is None:
        return None
    now = datetime.datetime.now(datetime.UTC).timestamp()
    return WorkerStatus(
        worker=lease.worker,
        host=lease.host,
        pid=lease.pid,
        device=lease.device,
        trial=trial.number,
        fold=lease.fold,
        silent_s=round(max(0.0, now - lease.renewed_at), 1),
    )


def _seconds_left(finished: list[FrozenTrial], budget: int) -> float | None:
    """The time left at the pace of the last twenty finished trials, over all workers."""
    ends = sorted(trial.datetime_complete for trial in finished if trial.datetime_complete is not None)
    starts = [trial.datetime_start for trial in finished if trial.datetime_start is not None]
    if not ends or not starts:
        return None
    recent = ends[-20:]
    if len(recent) > 1:
        pace = (recent[-1] - recent[0]).total_seconds() / (len(recent) - 1)
    else:
        pace = (recent[0] - min(starts)).total_seconds()
    return round(pace * max(0, budget - len(finished)), 1)
