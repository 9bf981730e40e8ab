"""The ledger in SQL: what workers do to trials, each verb in one transaction.

A trial's row is locked before its lease is read, and every change of hands goes through here: what was read of the
lease holds until the end of the transaction. (A condition on the lease in the UPDATE itself would not do: where it had
to wait for the row, Postgres looks at the row anew, but at the lease's row as it was before.) On SQLite, transactions
exclude each other from their start (`storage.connection`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from optuna.storages._rdb import models
from optuna.trial import TrialState
from sqlalchemy import Connection, Engine, Table, and_, exists, func, insert, select, true, update

from storage.database.queries import (
    LEASES,
    NEVER_BEGUN,
    Scope,
    Scopes,
    best,
    count,
    count_finished_by,
    count_folds,
    count_parked,
    hints,
    hints_in,
    last_folds,
    running,
)
from storage.database.rows import (
    ATTRIBUTES,
    TRIALS,
    attribute,
    locked_state,
    now,
    set_attributes,
    set_params,
    set_steps,
    set_value,
)
from storage.database.stored import read_json
from storage.trials.lease import DEATHS, LEASE, Lease, StoredLease
from storage.trials.ledger import (
    AHEAD_PREFIX,
    FOLD_PREFIX,
    NEW,
    ClaimedTrial,
    Overview,
    QueueCounts,
    RunningTrial,
    TrialChange,
    TrialLedger,
    Wanted,
)

_RECENT = 100

_studies: Table = models.StudyModel.__table__
_study_attributes: Table = models.StudyUserAttributeModel.__table__


class DatabaseLedger(TrialLedger):
    """The ledger of a database that this process reaches itself.

    Args:
        engine: Of a database that has the tables (`storage.database.tables`).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._scopes = Scopes()

    def make_trials(self, study_id: int, budget: int, window: int) -> bool:
        """See `TrialLedger`. The study's row is locked, as where Optuna makes trials."""
        locked = select(_studies.c.study_id).where(_studies.c.study_id == study_id).with_for_update()
        with self._engine.begin() as connection:
            if connection.scalar(locked) is None:
                raise KeyError(f"No study with id {study_id}.")
            scope = self._scopes.scope_of(connection, study_id, budget)
            if connection.scalar(select(exists().where(scope.condition, NEVER_BEGUN))):
                return True
            return _make(connection, scope, max(window, count(connection, scope).running // 2))

    def claim_trial(
        self, study_id: int, budget: int, lease: Lease, wanted: Wanted | None = None, again: bool = False
    ) -> ClaimedTrial | None:
        """See `TrialLedger`."""
        with self._engine.begin() as connection:
            earlier = _claimed(connection, study_id, lease.token) if again else None
            return earlier or _claim_in_budget(connection, self._scopes, study_id, budget, lease, wanted)

    def change_trial(self, trial_id: int, held: str | StoredLease, change: TrialChange) -> bool:
        """See `TrialLedger`."""
        with self._engine.begin() as connection:
            if connection.scalar(locked_state(trial_id)) != TrialState.RUNNING:
                return False
            if not _is_held(StoredLease.of(attribute(connection, trial_id, LEASE)), held):
                return False
            _write(connection, trial_id, change)
            return True

    def set_hint(self, trial_id: int, fold: int, seen: Any, told: Mapping[str, Any] | None) -> bool:
        """See `TrialLedger`."""
        key = f"{AHEAD_PREFIX}{fold}"
        with self._engine.begin() as connection:
            if connection.scalar(locked_state(trial_id)) not in (TrialState.RUNNING, TrialState.WAITING):
                return False
            there = read_json(trial_id, key, attribute(connection, trial_id, key) or "null")
            # As text: what is no number is not equal to itself.
            stands, before, after = (json.dumps(one, sort_keys=True) for one in (there, seen, told))
            if stands == before:
                set_attributes(connection, trial_id, {key: told})
            return stands in (before, after)

    def hints_in(self, trial_id: int) -> dict[int, Any]:
        """See `TrialLedger`."""
        with self._engine.begin() as connection:
            return hints_in(connection, trial_id)

    def running_trials(self, study_id: int, budget: int) -> list[RunningTrial]:
        """See `TrialLedger`."""
        with self._engine.begin() as connection:
            return running(connection, self._scopes.scope_of(connection, study_id, budget))

    def count_trials(self, study_id: int, budget: int) -> QueueCounts:
        """See `TrialLedger`."""
        with self._engine.begin() as connection:
            return count(connection, self._scopes.scope_of(connection, study_id, budget))

    def count_finished_by(self, study_id: int, worker: str) -> int:
        """See `TrialLedger`."""
        with self._engine.begin() as connection:
            return count_finished_by(connection, study_id, worker)

    def study_attributes(self, study_id: int, keys: list[str]) -> dict[str, Any]:
        """See `TrialLedger`."""
        table = _study_attributes.c
        query = select(table.key, table.value_json).where(table.study_id == study_id, table.key.in_(keys))
        with self._engine.begin() as connection:
            return {key: json.loads(text) for key, text in connection.execute(query)}

    def overview(self, study_id: int, budget: int) -> Overview:
        """See `TrialLedger`."""
        with self._engine.begin() as connection:
            scope = self._scopes.scope_of(connection, study_id, budget)
            folds, of_pruned = count_folds(connection, scope)
            parked, of_parked = count_parked(connection, scope)
            return Overview(
                counts=count(connection, scope),
                running=running(connection, scope),
                best_id=best(connection, scope),
                folds=folds,
                folds_of_pruned=of_pruned,
                last_folds=last_folds(connection, scope, _RECENT),
                parked=parked,
                folds_of_parked=of_parked,
                hints=hints(connection, scope),
            )


def _make(connection: Connection, scope: Scope, number: int) -> bool:
    made = connection.scalar(select(func.count()).where(TRIALS.c.study_id == scope.study_id)) or 0
    end = min(scope.end, made + number)
    if made >= end:
        return False
    waiting = {"study_id": scope.study_id, "state": TrialState.WAITING}
    connection.execute(insert(TRIALS).values([{**waiting, "number": number} for number in range(made, end)]))
    return True


def _claim_in_budget(
    connection: Connection, scopes: Scopes, study_id: int, budget: int, lease: Lease, wanted: Wanted | None
) -> ClaimedTrial | None:
    """Takes what waits below the budget's number, which is in it; asks where that ends only where nothing does."""
    claimed = _claim(connection, Scope(study_id, budget, budget), lease, wanted)
    if claimed is not None:
        return claimed
    scope = scopes.scope_of(connection, study_id, budget)
    return _claim(connection, scope, lease, wanted) if scope.end > budget else None


def _claim(connection: Connection, scope: Scope, lease: Lease, wanted: Wanted | None) -> ClaimedTrial | None:
    """Takes the first that waits; rows that others are about to take are passed over, not waited for."""
    with_folds = exists().where(ATTRIBUTES.c.trial_id == TRIALS.c.trial_id, ATTRIBUTES.c.key == f"{FOLD_PREFIX}0")
    among = NEVER_BEGUN if wanted == NEW else true() if wanted is None else TRIALS.c.number == wanted
    choice = (
        select(TRIALS.c.trial_id)
        .where(scope.condition, TRIALS.c.state == TrialState.WAITING, among)
        .order_by(with_folds.desc(), TRIALS.c.number)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    taken = connection.execute(
        update(TRIALS)
        .where(TRIALS.c.trial_id == choice.scalar_subquery())
        .values(state=TrialState.RUNNING, datetime_start=now())
        .returning(TRIALS.c.trial_id, TRIALS.c.number)
    ).first()
    if taken is None:
        return None
    set_attributes(connection, taken.trial_id, {LEASE: asdict(lease)})
    return ClaimedTrial(taken.trial_id, taken.number)


def _claimed(connection: Connection, study_id: int, token: str) -> ClaimedTrial | None:
    """Returns the RUNNING trial whose lease has this token: an earlier try of the same claim took it."""
    query = (
        select(TRIALS.c.trial_id, TRIALS.c.number)
        .join(LEASES, and_(LEASES.c.trial_id == TRIALS.c.trial_id, LEASES.c.key == LEASE))
        .where(TRIALS.c.study_id == study_id, TRIALS.c.state == TrialState.RUNNING)
        .where(LEASES.c.value_json.contains(json.dumps(token), autoescape=True))
    )
    row = connection.execute(query).first()
    return None if row is None else ClaimedTrial(row.trial_id, row.number)


def _is_held(stored: StoredLease, held: str | StoredLease) -> bool:
    if isinstance(held, StoredLease):
        return stored == held
    return stored.lease is not None and stored.lease.token == held


def _write(connection: Connection, trial_id: int, change: TrialChange) -> None:
    attributes = dict(change.attributes)
    if change.lease is not None:
        attributes[LEASE] = asdict(change.lease)
    if change.state == TrialState.WAITING:
        attributes[LEASE] = None
    if change.death is not None:
        earlier = read_json(trial_id, DEATHS, attribute(connection, trial_id, DEATHS) or "[]")
        attributes[DEATHS] = [*(earlier if isinstance(earlier, list) else []), asdict(change.death)]
    set_attributes(connection, trial_id, attributes)
    set_params(connection, trial_id, change.params)
    set_steps(connection, trial_id, change.steps)
    if change.value is not None:
        set_value(connection, trial_id, change.value)
    if change.state is not None:
        ended = {"datetime_complete": now()} if change.state.is_finished() else {}
        connection.execute(update(TRIALS).where(TRIALS.c.trial_id == trial_id).values(state=change.state, **ended))
