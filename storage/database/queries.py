"""What is asked of a study's trials, in SQL; each function runs in its caller's transaction.

A trial that ended without ever having had a lease is foreign: another program added or ran it. It takes up a number,
so the budget ends as many numbers later.
"""

import json
from dataclasses import dataclass
from typing import Any

from optuna.trial import TrialState
from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, not_, or_, select, true

from storage.database.rows import ATTRIBUTES, TRIALS, VALUES
from storage.database.stored import read_json
from storage.trials.lease import DEATHS, LEASE, StoredLease, read_deaths
from storage.trials.ledger import (
    AHEAD_PREFIX,
    CONFIG_KEY,
    FOLD_PREFIX,
    PARKED,
    QueueCounts,
    RunningTrial,
    StoredHint,
)

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
LEASES = ATTRIBUTES.alias("leases")
_DEATHS = ATTRIBUTES.alias("deaths")
_LAST_LEASES = ATTRIBUTES.alias("last_leases")
_PARKED = ATTRIBUTES.alias("parked")
_BEGUN = ATTRIBUTES.alias("begun")
#: The condition on a trial that waits and was never begun.
NEVER_BEGUN = and_(
    TRIALS.c.state == TrialState.WAITING,
    not_(exists().where(_BEGUN.c.trial_id == TRIALS.c.trial_id, _BEGUN.c.key == CONFIG_KEY)),
)


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


class Scopes:
    """Finds where budgets end, and remembers below which number every trial of a study has ended and is ours.

    What has ended stays so, and a study may have many thousands of such trials.
    """

    def __init__(self) -> None:
        self._ours_below: dict[int, int] = {}

    def scope_of(self, connection: Connection, study_id: int, budget: int) -> Scope:
        """Finds where the budget of a study ends."""
        begin = self._ours_below.get(study_id, 0)
        unfinished = func.min(case((TRIALS.c.state.not_in(FINISHED), TRIALS.c.number)))
        query = select(func.sum(case((_is_foreign(), 1), else_=0)), unfinished, func.max(TRIALS.c.number) + 1)
        foreign, first_open, beyond = connection.execute(_from(query, study_id, begin)).one()
        if not foreign:
            self._ours_below[study_id] = next((one for one in (first_open, beyond) if one is not None), begin)
            return Scope(study_id, budget, budget)
        end = budget
        while (further := budget + _count_foreign(connection, study_id, begin, end)) > end:
            end = further
        return Scope(study_id, budget, end, foreign)


def _from(query: Select[Any], study_id: int, begin: int) -> Select[Any]:
    return query.select_from(TRIALS).where(TRIALS.c.study_id == study_id, TRIALS.c.number >= begin)


def _is_foreign() -> ColumnElement[bool]:
    lease = and_(_LAST_LEASES.c.trial_id == TRIALS.c.trial_id, _LAST_LEASES.c.key == LEASE)
    return and_(TRIALS.c.state.in_(FINISHED), not_(exists().where(lease, _LAST_LEASES.c.value_json != "null")))


def _count_foreign(connection: Connection, study_id: int, begin: int, end: int) -> int:
    query = _from(select(func.count()), study_id, begin).where(TRIALS.c.number < end, _is_foreign())
    return connection.scalar(query) or 0


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


def count_parked(connection: Connection, scope: Scope) -> tuple[int, int]:
    """Returns how many trials are parked, and their finished folds."""
    parked = exists().where(
        _PARKED.c.trial_id == TRIALS.c.trial_id, _PARKED.c.key == PARKED, _PARKED.c.value_json != "null"
    )
    is_fold = and_(ATTRIBUTES.c.trial_id == TRIALS.c.trial_id, ATTRIBUTES.c.key.startswith(FOLD_PREFIX))
    query = (
        select(func.count(TRIALS.c.trial_id.distinct()), func.count(ATTRIBUTES.c.trial_id))
        .select_from(TRIALS)
        .outerjoin(ATTRIBUTES, is_fold)
        .where(scope.condition, TRIALS.c.state == TrialState.WAITING, parked)
    )
    trials, folds = connection.execute(query).one()
    return trials, folds


def count_finished_by(connection: Connection, study_id: int, worker: str) -> int:
    """Counts the trials that a worker finished, or parked: both keep its name."""
    query = (
        select(func.count())
        .select_from(TRIALS)
        .join(LEASES, and_(LEASES.c.trial_id == TRIALS.c.trial_id, LEASES.c.key.in_((LEASE, PARKED))))
        .where(TRIALS.c.study_id == study_id)
        .where(
            or_(
                and_(TRIALS.c.state.in_(FINISHED), LEASES.c.key == LEASE),
                and_(TRIALS.c.state == TrialState.WAITING, LEASES.c.key == PARKED),
            )
        )
        .where(LEASES.c.value_json.contains(f'"worker": {json.dumps(worker)}', autoescape=True))
    )
    return connection.scalar(query) or 0


def hints(connection: Connection, scope: Scope) -> list[StoredHint]:
    """Returns what stands in the RUNNING trials of the budget of folds that are trained ahead."""
    key, text = ATTRIBUTES.c.key, ATTRIBUTES.c.value_json
    query = (
        select(TRIALS.c.trial_id, TRIALS.c.number, key, text)
        .join(ATTRIBUTES, ATTRIBUTES.c.trial_id == TRIALS.c.trial_id)
        .where(scope.condition, TRIALS.c.state == TrialState.RUNNING, key.startswith(AHEAD_PREFIX), text != "null")
        .order_by(TRIALS.c.number, key)
    )
    rows = [
        (row.trial_id, row.number, row.key.removeprefix(AHEAD_PREFIX), row.value_json)
        for row in connection.execute(query)
    ]
    return [StoredHint(trial_id, number, int(fold), text) for trial_id, number, fold, text in rows if fold.isdecimal()]


def hints_in(connection: Connection, trial_id: int) -> dict[int, Any]:
    """Returns what stands in a trial of folds that are trained ahead, by fold."""
    key, text = ATTRIBUTES.c.key, ATTRIBUTES.c.value_json
    query = select(key, text).where(ATTRIBUTES.c.trial_id == trial_id, key.startswith(AHEAD_PREFIX), text != "null")
    rows = [(name.removeprefix(AHEAD_PREFIX), name, value) for name, value in connection.execute(query)]
    return {int(fold): read_json(trial_id, name, value) for fold, name, value in rows if fold.isdecimal()}


def last_folds(connection: Connection, scope: Scope, most: int) -> list[str]:
    """Returns the records of the folds that finished last, as they are stored, newest first."""
    query = (
        select(ATTRIBUTES.c.value_json)
        .join(TRIALS, ATTRIBUTES.c.trial_id == TRIALS.c.trial_id)
        .where(scope.condition, ATTRIBUTES.c.key.startswith(FOLD_PREFIX))
        .order_by(ATTRIBUTES.c.trial_user_attribute_id.desc())
        .limit(most)
    )
    return list(connection.scalars(query))


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
