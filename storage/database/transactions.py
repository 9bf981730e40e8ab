"""What workers do to trials, in SQL: each function is to run in one transaction of its own.

A trial's row is locked before its lease is read, and every change of hands goes through here: what was read of the
lease holds until the end of the transaction. (A condition on the lease in the UPDATE itself would not do: where it had
to wait for the row, Postgres looks at the row anew, but at the lease's row as it was before.) On SQLite, transactions
exclude each other from their start (`storage.connection`).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from optuna.storages._rdb import models
from optuna.trial import TrialState
from sqlalchemy import ColumnElement, Connection, Table, and_, case, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.trials.lease import DEATHS, LEASE
from storage.trials.ledger import ClaimedTrial, Overview, QueueCounts, RunningTrial, TrialChange

FOLD_PREFIX = "hpo:fold:"
_RECENT = 20

_studies: Table = models.StudyModel.__table__
_study_attributes: Table = models.StudyUserAttributeModel.__table__
_trials: Table = models.TrialModel.__table__
_attributes: Table = models.TrialUserAttributeModel.__table__
_values: Table = models.TrialValueModel.__table__
_params: Table = models.TrialParamModel.__table__
_steps: Table = models.TrialIntermediateValueModel.__table__
_leases, _deaths = _attributes.alias("leases"), _attributes.alias("deaths")
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def make(connection: Connection, study_id: int, budget: int, window: int) -> bool:
    """See `TrialLedger.make_trials`. The study's row is locked, as where Optuna makes trials."""
    locked = select(_studies.c.study_id).where(_studies.c.study_id == study_id).with_for_update()
    if connection.scalar(locked) is None:
        raise KeyError(f"No study with id {study_id}.")
    counts = count(connection, study_id, budget)
    if counts.waiting:
        return True
    made = connection.scalar(select(func.count()).where(_trials.c.study_id == study_id)) or 0
    end = min(budget, made + max(window, counts.running // 2))
    if made >= end:
        return False
    waiting = {"study_id": study_id, "state": TrialState.WAITING}
    connection.execute(insert(_trials).values([{**waiting, "number": number} for number in range(made, end)]))
    return True


def claim(connection: Connection, study_id: int, budget: int, lease: Mapping[str, Any]) -> ClaimedTrial | None:
    """See `TrialLedger.claim_trial`. Rows that others are about to take are passed over, not waited for."""
    with_folds = exists().where(_attributes.c.trial_id == _trials.c.trial_id, _attributes.c.key == f"{FOLD_PREFIX}0")
    choice = (
        select(_trials.c.trial_id)
        .where(_in_budget(study_id, budget), _trials.c.state == TrialState.WAITING)
        .order_by(with_folds.desc(), _trials.c.number)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    taken = connection.execute(
        update(_trials)
        .where(_trials.c.trial_id == choice.scalar_subquery())
        .values(state=TrialState.RUNNING, datetime_start=_now())
        .returning(_trials.c.trial_id, _trials.c.number)
    ).first()
    if taken is None:
        return None
    _set_attributes(connection, taken.trial_id, {LEASE: lease})
    return ClaimedTrial(taken.trial_id, taken.number)


def claimed(connection: Connection, study_id: int, token: str) -> ClaimedTrial | None:
    """Returns the RUNNING trial whose lease has this token: an earlier try of the same claim took it."""
    query = (
        select(_trials.c.trial_id, _trials.c.number)
        .join(_leases, and_(_leases.c.trial_id == _trials.c.trial_id, _leases.c.key == LEASE))
        .where(_trials.c.study_id == study_id, _trials.c.state == TrialState.RUNNING)
        .where(_leases.c.value_json.contains(json.dumps(token), autoescape=True))
    )
    row = connection.execute(query).first()
    return None if row is None else ClaimedTrial(row.trial_id, row.number)


def change(connection: Connection, trial_id: int, held: Mapping[str, Any] | None, change: TrialChange) -> bool:
    """See `TrialLedger.change_trial`."""
    locked = select(_trials.c.state).where(_trials.c.trial_id == trial_id).with_for_update(key_share=True)
    if connection.scalar(locked) != TrialState.RUNNING:
        return False
    mine = and_(_attributes.c.trial_id == trial_id, _attributes.c.key == LEASE)
    if not _is_held(connection.scalar(select(_attributes.c.value_json).where(mine)), held):
        return False
    _set_attributes(connection, trial_id, change.attributes)
    _set_params(connection, trial_id, change.params)
    _set_steps(connection, trial_id, change.steps)
    if change.value is not None:
        _set_value(connection, trial_id, change.value)
    if change.state is not None:
        ended = {"datetime_complete": _now()} if change.state.is_finished() else {}
        connection.execute(update(_trials).where(_trials.c.trial_id == trial_id).values(state=change.state, **ended))
    return True


def running(connection: Connection, study_id: int, budget: int) -> list[RunningTrial]:
    """See `TrialLedger.running_trials`."""
    query = (
        select(
            _trials.c.trial_id,
            _trials.c.number,
            _trials.c.datetime_start,
            _leases.c.value_json.label("lease"),
            _deaths.c.value_json.label("deaths"),
        )
        .outerjoin(_leases, and_(_leases.c.trial_id == _trials.c.trial_id, _leases.c.key == LEASE))
        .outerjoin(_deaths, and_(_deaths.c.trial_id == _trials.c.trial_id, _deaths.c.key == DEATHS))
        .where(_in_budget(study_id, budget), _trials.c.state == TrialState.RUNNING)
        .order_by(_trials.c.number)
    )
    return [
        RunningTrial(trial_id, number, started, json.loads(lease or "null"), json.loads(deaths or "[]"))
        for trial_id, number, started, lease, deaths in connection.execute(query)
    ]


def count(connection: Connection, study_id: int, budget: int) -> QueueCounts:
    """See `TrialLedger.count_trials`."""
    query = (
        select(_trials.c.state, func.count().label("trials"))
        .where(_in_budget(study_id, budget))
        .group_by(_trials.c.state)
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


def count_finished_by(connection: Connection, study_id: int, worker: str) -> int:
    """See `TrialLedger.count_finished_by`."""
    query = (
        select(func.count())
        .select_from(_trials)
        .join(_leases, and_(_leases.c.trial_id == _trials.c.trial_id, _leases.c.key == LEASE))
        .where(_trials.c.study_id == study_id, _trials.c.state.in_(_FINISHED))
        .where(_leases.c.value_json.contains(f'"worker": {json.dumps(worker)}', autoescape=True))
    )
    return connection.scalar(query) or 0


def study_attributes(connection: Connection, study_id: int, keys: list[str]) -> dict[str, Any]:
    """See `TrialLedger.study_attributes`."""
    table = _study_attributes.c
    query = select(table.key, table.value_json).where(table.study_id == study_id, table.key.in_(keys))
    return {key: json.loads(text) for key, text in connection.execute(query)}


def overview(connection: Connection, study_id: int, budget: int) -> Overview:
    """See `TrialLedger.overview`."""
    best = (
        select(_trials.c.trial_id)
        .join(_values, and_(_values.c.trial_id == _trials.c.trial_id, _values.c.objective == 0))
        .where(_in_budget(study_id, budget), _trials.c.state == TrialState.COMPLETE)
        .order_by(_values.c.value.desc(), _trials.c.number)
        .limit(1)
    )
    folds = (
        select(func.count(), func.sum(case((_trials.c.state == TrialState.PRUNED, 1), else_=0)))
        .select_from(_trials)
        .join(_attributes, _attributes.c.trial_id == _trials.c.trial_id)
        .where(_in_budget(study_id, budget), _attributes.c.key.startswith(FOLD_PREFIX))
    )
    finished = and_(_in_budget(study_id, budget), _trials.c.state.in_(_FINISHED))
    ends = select(_trials.c.datetime_complete).where(finished, _trials.c.datetime_complete.is_not(None))
    trained, of_pruned = connection.execute(folds).one()
    return Overview(
        counts=count(connection, study_id, budget),
        running=running(connection, study_id, budget),
        best_id=connection.scalar(best),
        folds=trained,
        folds_of_pruned=of_pruned or 0,
        first_start=connection.scalar(select(func.min(_trials.c.datetime_start)).where(finished)),
        last_ends=list(connection.scalars(ends.order_by(_trials.c.datetime_complete.desc()).limit(_RECENT))),
    )


def _in_budget(study_id: int, budget: int) -> ColumnElement[bool]:
    return and_(_trials.c.study_id == study_id, _trials.c.number < budget)


def _is_held(stored: str | None, held: Mapping[str, Any] | None) -> bool:
    lease = json.loads(stored or "null")
    if held is None or lease is None:
        return lease is held
    return all(lease.get(key) == value for key, value in held.items())


def _set_attributes(connection: Connection, trial_id: int, attributes: Mapping[str, Any]) -> None:
    rows = [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attributes.items()]
    _upsert(connection, _attributes, rows, ("trial_id", "key"))


def _set_params(connection: Connection, trial_id: int, params: Mapping[str, tuple[float, str]]) -> None:
    rows = [
        {"trial_id": trial_id, "param_name": name, "param_value": value, "distribution_json": distribution}
        for name, (value, distribution) in params.items()
    ]
    _upsert(connection, _params, rows, ("trial_id", "param_name"))


def _set_steps(connection: Connection, trial_id: int, steps: Mapping[int, float]) -> None:
    to_stored = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr
    stored = {step: to_stored(value) for step, value in steps.items()}
    rows = [
        {"trial_id": trial_id, "step": step, "intermediate_value": value, "intermediate_value_type": kind}
        for step, (value, kind) in stored.items()
    ]
    _upsert(connection, _steps, rows, ("trial_id", "step"))


def _set_value(connection: Connection, trial_id: int, value: float) -> None:
    stored, kind = models.TrialValueModel.value_to_stored_repr(value)
    row = {"trial_id": trial_id, "objective": 0, "value": stored, "value_type": kind}
    _upsert(connection, _values, [row], ("trial_id", "objective"))


def _upsert(connection: Connection, table: Table, rows: list[dict[str, Any]], unique: tuple[str, str]) -> None:
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(table).values(rows)
    others = {name: new.excluded[name] for name in rows[0] if name not in unique}
    connection.execute(new.on_conflict_do_update(index_elements=unique, set_=others))


def _now() -> datetime:
    """As Optuna stores time: UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None)
