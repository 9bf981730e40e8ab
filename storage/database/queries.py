"""What is asked of a study's trials, in SQL; each function runs in its caller's transaction.

A trial that ended without ever having had a lease is foreign: another program added or ran it. It takes up a number,
so the budget ends as many numbers later.
"""

from dataclasses import dataclass

from optuna.trial import TrialState
from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, not_, select, true

from storage.database.rows import ATTRIBUTES, TRIALS, VALUES
from storage.trials.lease import DEATHS, LEASE, StoredLease, read_deaths
from storage.trials.ledger import FOLD_PREFIX, QueueCounts, RunningTrial

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
LEASES = ATTRIBUTES.alias("leases")
_DEATHS = ATTRIBUTES.alias("deaths")
_LAST_LEASES = ATTRIBUTES.alias("last_leases")


@dataclass(frozen=True)
class Scope:
    """The trials of a study's budget.

    Attributes:
        study_id: The study.
        budget: Its number of trials.
        end: All of them have lower numbers.
        foreign: Trials of other programs in the whole study.
    """

    study_id: int
    budget: int
    end: int
    foreign: int = 0

    @property
    def condition(self) -> ColumnElement[bool]:
        """The condition on a trial to be in the budget."""
        # Asked only where it matters: it looks at each finished trial's lease.
        ours = not_(_is_foreign()) if self.foreign else true()
        return and_(TRIALS.c.study_id == self.study_id, TRIALS.c.number < self.end, ours)


def scope_of(connection: Connection, study_id: int, budget: int) -> Scope:
    """Finds where the budget ends."""
    foreign = _count_foreign(connection, study_id)
    end = budget
    while foreign and (further := budget + _count_foreign(connection, study_id, end)) > end:
        end = further
    return Scope(study_id, budget, end, foreign)


def _is_foreign() -> ColumnElement[bool]:
    lease = and_(_LAST_LEASES.c.trial_id == TRIALS.c.trial_id, _LAST_LEASES.c.key == LEASE)
    return and_(TRIALS.c.state.in_(FINISHED), not_(exists().where(lease, _LAST_LEASES.c.value_json != "null")))


def _count_foreign(connection: Connection, study_id: int, end: int | None = None) -> int:
    query = select(func.count()).select_from(TRIALS).where(TRIALS.c.study_id == study_id, _is_foreign())
    return connection.scalar(query if end is None else query.where(TRIALS.c.number < end)) or 0


def running(connection: Connection, scope: Scope) -> list[RunningTrial]:
    """Returns the RUNNING trials in the budget, by number."""
    lease, deaths = LEASES.c.value_json, _DEATHS.c.value_json
    query = (
        select(TRIALS.c.trial_id, TRIALS.c.number, TRIALS.c.datetime_start, lease, deaths)
        .outerjoin(LEASES, and_(LEASES.c.trial_id == TRIALS.c.trial_id, LEASES.c.key == LEASE))
        .outerjoin(_DEATHS, and_(_DEATHS.c.trial_id == TRIALS.c.trial_id, _DEATHS.c.key == DEATHS))
        .where(scope.condition, TRIALS.c.state == TrialState.RUNNING)
        .order_by(TRIALS.c.number)
    )
    return [
        RunningTrial(trial_id, number, started, StoredLease.of(lease), read_deaths(deaths))
        for trial_id, number, started, lease, deaths in connection.execute(query)
    ]


def count(connection: Connection, scope: Scope) -> QueueCounts:
    """Counts the trials in the budget by state."""
    query = select(TRIALS.c.state, func.count().label("trials")).where(scope.condition).group_by(TRIALS.c.state)
    found = {row.state: row.trials for row in connection.execute(query)}
    return QueueCounts(
        scope.budget,
        complete=found.get(TrialState.COMPLETE, 0),
        pruned=found.get(TrialState.PRUNED, 0),
        failed=found.get(TrialState.FAIL, 0),
        running=found.get(TrialState.RUNNING, 0),
        waiting=found.get(TrialState.WAITING, 0),
        foreign=scope.foreign,
    )


def count_folds(connection: Connection, scope: Scope) -> tuple[int, int]:
    """Returns the finished folds of all trials, and of the PRUNED ones."""
    query = (
        select(func.count(), func.sum(case((TRIALS.c.state == TrialState.PRUNED, 1), else_=0)))
        .select_from(TRIALS)
        .join(ATTRIBUTES, ATTRIBUTES.c.trial_id == TRIALS.c.trial_id)
        .where(scope.condition, ATTRIBUTES.c.key.startswith(FOLD_PREFIX))
    )
    trained, of_pruned = connection.execute(query).one()
    return trained, of_pruned or 0


def best(connection: Connection, scope: Scope) -> int | None:
    """Returns the COMPLETE trial with the highest value; of equal ones the first."""
    query = (
        select(TRIALS.c.trial_id)
        .join(VALUES, and_(VALUES.c.trial_id == TRIALS.c.trial_id, VALUES.c.objective == 0))
        .where(scope.condition, TRIALS.c.state == TrialState.COMPLETE)
        .order_by(VALUES.c.value.desc(), TRIALS.c.number)
        .limit(1)
    )
    trial_id: int | None = connection.scalar(query)
    return trial_id
