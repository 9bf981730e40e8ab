"""The ledger of a storage's trials: what it must do beside what Optuna asks of it, to hand them out under leases.

Optuna's interface writes an attribute or a state at a time, so whoever reads and then writes through it races with
others. Each verb here is one transaction of the database, wherever it runs: in this process
(`storage.database.transactions`) or behind the proxy (`storage.proxy.calls`). They are spelled out here and where they
are done; whoever only passes them on reads them off this class (`storage.trials.forwarding`).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from optuna.trial import TrialState
from pydantic import Field

from storage.trials.lease import Count, Death, Lease, Line, StoredLease, TrialAttributes

#: With the fold's number behind it, the name of a trial's attribute that records a finished fold.
FOLD_PREFIX = "hpo:fold:"
#: The name of the attribute that a trial has once its configuration is known: it is begun.
CONFIG_KEY = "hpo:config"
#: The name of the attribute of a trial that waits since others are worth more.
PARKED = "hpo:parked"
#: With the fold's number behind it, the name of a trial's attribute that says who trains that fold ahead, or did.
AHEAD_PREFIX = "hpo:ahead:"

# The bounds hold where a call comes from elsewhere, in the proxy: each entry becomes a row, each of a window a trial.
_MOST_ROWS = 1_000
Id = Annotated[int, Field(ge=0, le=2**31 - 1)]
Window = Annotated[int, Field(ge=0, le=_MOST_ROWS)]
Keys = Annotated[list[Line], Field(max_length=_MOST_ROWS)]
Params = Annotated[Mapping[str, tuple[float, str]], Field(max_length=_MOST_ROWS)]
#: What to claim: a trial by its number, any that was never begun, or what waits.
Wanted = Id | Literal["new"]
NEW: Literal["new"] = "new"
Steps = Annotated[Mapping[Id, float], Field(max_length=_MOST_ROWS)]


@dataclass(frozen=True)
class ClaimedTrial:
    """A trial that was WAITING and is now RUNNING under the claimer's lease."""

    trial_id: int
    number: int


@dataclass(frozen=True)
class RunningTrial:
    """A RUNNING trial, by what tells whether its worker lives.

    Attributes:
        claimed_at: When it was claimed, in UTC.
        stored: What stands as its lease.
        deaths: Earlier workers that died on it.
    """

    trial_id: int
    number: int
    claimed_at: datetime | None
    stored: StoredLease
    deaths: list[Death]

    @property
    def lease(self) -> Lease | None:
        """The lease it is held under; None where something else than a worker of ours has written to it."""
        return self.stored.lease


@dataclass(frozen=True)
class StoredHint:
    """What stands in a RUNNING trial of a fold that is trained ahead, or was: JSON, whoever wrote it."""

    trial_id: int
    number: int
    fold: int
    text: str


@dataclass(frozen=True)
class TrialChange:
    """What is written to a RUNNING trial in one go.

    Attributes:
        attributes: User attributes to set.
        params: Hyperparameters to set: the value as Optuna stores it, and the distribution as JSON, by name.
        steps: Intermediate values to set, by step.
        state: The state to set; None leaves the trial RUNNING. One that is set to WAITING has no lease any more.
        value: The trial's value, where it has one.
        lease: The lease to set: the next beat.
        death: The death to add to those of the trial.
    """

    attributes: TrialAttributes = field(default_factory=dict)
    params: Params = field(default_factory=dict)
    steps: Steps = field(default_factory=dict)
    state: TrialState | None = None
    value: float | None = None
    lease: Lease | None = None
    death: Death | None = None


@dataclass(frozen=True)
class QueueCounts:
    """The trials in the budget by state; those not made yet are in none.

    Attributes:
        foreign: Trials of the study that other programs finished: they are in no budget.
    """

    budget: int
    complete: int = 0
    pruned: int = 0
    failed: int = 0
    running: int = 0
    waiting: int = 0
    foreign: int = 0

    @property
    def finished(self) -> int:
        """Trials that will not run again."""
        return self.complete + self.pruned + self.failed

    @property
    def is_spent(self) -> bool:
        """Whether every trial of the budget is finished."""
        return self.finished >= self.budget


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A study at one moment.

    Attributes:
        counts: Trials by state.
        running: The RUNNING trials.
        best_id: The COMPLETE trial with the highest value; of equal ones the first.
        folds: Finished folds, of all trials.
        folds_of_pruned: Finished folds of the PRUNED trials.
        parked: WAITING trials that were begun and put aside, since others are worth more.
        folds_of_parked: Finished folds of these.
        hints: What stands in the RUNNING trials of folds that are trained ahead.
        last_folds: The records of the last hundred finished folds as they are stored, newest first.
    """

    counts: QueueCounts
    running: list[RunningTrial]
    best_id: int | None
    folds: int
    folds_of_pruned: int
    last_folds: list[str]
    parked: int = 0
    folds_of_parked: int = 0
    hints: list[StoredHint] = field(default_factory=list)


class TrialLedger(ABC):
    """Hands out a storage's trials.

    A trial is in the budget when fewer trials than that have lower numbers. Those that other programs have finished,
    which never had a lease, are passed over where numbers are counted.
    """

    @abstractmethod
    def make_trials(self, study_id: Id, budget: Count, window: Window) -> bool:
        """Makes WAITING trials where none waits that was never begun, up to the budget's last.

        Args:
            study_id: The study.
            budget: Its number of trials.
            window: How many to make; half as many as are RUNNING, if that is more.

        Returns:
            Whether one waits now that was never begun.

        Raises:
            KeyError: There is no such study.
        """

    @abstractmethod
    def claim_trial(
        self, study_id: Id, budget: Count, lease: Lease, wanted: Wanted | None = None, again: bool = False
    ) -> ClaimedTrial | None:
        """Sets a WAITING trial to RUNNING and writes the lease: one with finished folds first, then the lowest number.

        Args:
            study_id: The study.
            budget: Its number of trials.
            lease: The lease to write; its token is new.
            again: The call was sent before and its answer was lost: what it may have claimed is looked for first.
            wanted: The trial of that number alone, or the first of those that were never begun.

        Returns:
            The trial; None where none waits (as wanted) that nobody else is about to take.
        """

    @abstractmethod
    def change_trial(self, trial_id: Id, held: str | StoredLease, change: TrialChange) -> bool:
        """Writes to a RUNNING trial, all of it or nothing, if it is still held as the caller believes.

        Args:
            trial_id: The trial.
            held: The token of the lease that it must be held under; or what must stand there, letter by letter.
            change: What to write.

        Returns:
            Whether it was written. False where the trial is not RUNNING, held otherwise, or gone.
        """

    @abstractmethod
    def set_hint(self, trial_id: Id, fold: Id, seen: Any, told: TrialAttributes | None) -> bool:
        """Writes who trains a fold ahead, if what stands there is what the caller has seen; asks for no lease.

        Args:
            trial_id: The trial.
            fold: From 0.
            seen: What stands there; None where nothing does.
            told: What is to stand there, unlike all that stood there before: so a call may be sent twice.

        Returns:
            Whether it stands there now. False where somebody was faster, or the trial has ended or is gone.
        """

    @abstractmethod
    def hints_in(self, trial_id: Id) -> dict[int, Any]:
        """Returns what stands in a trial of folds that are trained ahead, or were, by fold."""

    @abstractmethod
    def running_trials(self, study_id: Id, budget: Count) -> list[RunningTrial]:
        """Returns the RUNNING trials in the budget."""

    @abstractmethod
    def count_trials(self, study_id: Id, budget: Count) -> QueueCounts:
        """Counts the trials in the budget by state."""

    @abstractmethod
    def count_finished_by(self, study_id: Id, worker: Line) -> int:
        """Counts the trials that a worker finished: a finished trial keeps its last lease."""

    @abstractmethod
    def study_attributes(self, study_id: Id, keys: Keys) -> dict[str, Any]:
        """Returns some user attributes of a study: its contract is long, and workers ask often."""

    @abstractmethod
    def overview(self, study_id: Id, budget: Count) -> Overview:
        """Returns how the study stands."""
