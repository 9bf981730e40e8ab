"""What is asked of a study's trials, in SQL; each function runs in its caller's transaction."""

from optuna.trial import TrialState
from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from storage.database.rows import ATTRIBUTES, TRIALS, VALUES
from storage.trials.lease import DEATHS, LEASE, StoredLease, read_deaths
from storage.trials.ledger import FOLD_PREFIX, QueueCounts, RunningTrial

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
LEASES = ATTRIBUTES.alias("leases")
_DEATHS = ATTRIBUTES.alias("deaths")


def in_budget(study_id: int, budget: int) -> ColumnElement[bool]:
    """Returns the condition on a trial to be in the study's budget."""
    return and_(TRIALS.c.study_id == study_id, TRIALS.c.number < budget)


def running(connection: Connection, study_id: int, budget: int) -> list[RunningTrial]:
    """Returns the RUNNING trials in the budget, by number."""
    lease, deaths = LEASES.c.value_json, _DEATHS.c.value_json
    query = (
        select(TRIALS.c.trial_id, TRIALS.c.number, TRIALS.c.datetime_start, lease, deaths)
        .outerjoin(LEASES, and_(LEASES.c.trial_id == TRIALS.c.trial_id, LEASES.c.key == LEASE))
        .outerjoin(_DEATHS, and_(_DEATHS.c.trial_id == TRIALS.c.trial_id, _DEATHS.c.key == DEATHS))
        .where(in_budget(study_id, budget), TRIALS.c.state == TrialState.RUNNING)
        .order_by(TRIALS.c.number)
    )
    return [
        RunningTrial(trial_id, number, started, StoredLease(lease), read_deaths(deaths))
        for trial_id, number, started, lease, deaths in connection.execute(query)
    ]


def count(connection: Connection, study_id: int, budget: int) -> QueueCounts:
    """Counts the trials in the budget by state."""
    query = (
        select(TRIALS.c.state, func.count().label("trials")).where(in_budget(study_id, budget)).group_by(TRIALS.c.state)
    )
    found = {row.state: row.trials for row in connection.execute(query)}
    return QueueCounts(
        budget,
        complete=found.get(TrialState.COMPLETE, 0),
        pruned=found.get(TrialState.PRUNED, 0),
        failed=found.get(TrialState.FAIL, 0),
        running=found.get(TrialState.RUNNING, 0),
        waiting=found.get(TrialState.WAITING, 0),
    )


def count_folds(connection: Connection, study_id: int, budget: int) -> tuple[int, int]:
    """Returns the finished folds of all trials, and of the PRUNED ones."""
    query = (
        select(func.count(), func.sum(case((TRIALS.c.state == TrialState.PRUNED, 1), else_=0)))
        .select_from(TRIALS)
        .join(ATTRIBUTES, ATTRIBUTES.c.trial_id == TRIALS.c.trial_id)
        .where(in_budget(study_id, budget), ATTRIBUTES.c.key.startswith(FOLD_PREFIX))
    )
    trained, of_pruned = connection.execute(query).one()
    return trained, of_pruned or 0


def best(connection: Connection, study_id: int, budget: int) -> int | None:
    """Returns the COMPLETE trial with the highest value; of equal ones the first."""
    query = (
        select(TRIALS.c.trial_id)
        .join(VALUES, and_(VALUES.c.trial_id == TRIALS.c.trial_id, VALUES.c.objective == 0))
        .where(in_budget(study_id, budget), TRIALS.c.state == TrialState.COMPLETE)
        .order_by(VALUES.c.value.desc(), TRIALS.c.number)
        .limit(1)
    )
    trial_id: int | None = connection.scalar(query)
    return trial_id
