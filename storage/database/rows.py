"""The rows of Optuna's tables that belong to a trial: the tables by name, how values are written to them, and read.

Each function runs in its caller's transaction. What is there already under the same name is written over.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from optuna.storages._rdb import models
from sqlalchemy import Connection, Insert, Select, Table, and_, select
from sqlalchemy.dialects import postgresql, sqlite

TRIALS: Table = models.TrialModel.__table__
ATTRIBUTES: Table = models.TrialUserAttributeModel.__table__
VALUES: Table = models.TrialValueModel.__table__
PARAMS: Table = models.TrialParamModel.__table__
STEPS: Table = models.TrialIntermediateValueModel.__table__


def set_attributes(connection: Connection, trial_id: int, attributes: Mapping[str, Any]) -> None:
    """Writes user attributes."""
    rows = [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attributes.items()]
    _upsert(connection, ATTRIBUTES, rows, ("trial_id", "key"))


def set_params(connection: Connection, trial_id: int, params: Mapping[str, tuple[float, str]]) -> None:
    """Writes hyperparameters: the value as Optuna stores it, and the distribution as JSON, by name."""
    rows = [
        {"trial_id": trial_id, "param_name": name, "param_value": value, "distribution_json": distribution}
        for name, (value, distribution) in params.items()
    ]
    _upsert(connection, PARAMS, rows, ("trial_id", "param_name"))


def set_steps(connection: Connection, trial_id: int, steps: Mapping[int, float]) -> None:
    """Writes intermediate values, by step."""
    to_stored = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr
    stored = {step: to_stored(value) for step, value in steps.items()}
    rows = [
        {"trial_id": trial_id, "step": step, "intermediate_value": value, "intermediate_value_type": kind}
        for step, (value, kind) in stored.items()
    ]
    _upsert(connection, STEPS, rows, ("trial_id", "step"))


def set_value(connection: Connection, trial_id: int, value: float) -> None:
    """Writes the trial's value."""
    stored, kind = models.TrialValueModel.value_to_stored_repr(value)
    row = {"trial_id": trial_id, "objective": 0, "value": stored, "value_type": kind}
    _upsert(connection, VALUES, [row], ("trial_id", "objective"))


def _upsert(connection: Connection, table: Table, rows: list[dict[str, Any]], unique: tuple[str, str]) -> None:
    if rows:
        connection.execute(_upserting(connection.dialect.name, table, unique, tuple(rows[0])), rows)


@cache
def _upserting(dialect: str, table: Table, unique: tuple[str, str], columns: tuple[str, ...]) -> Insert:
    """The statement for one row: made and compiled once, sent with any number of them."""
    new = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    others = {name: new.excluded[name] for name in columns if name not in unique}
    return new.on_conflict_do_update(index_elements=unique, set_=others)


def now() -> datetime:
    """Returns the time as Optuna stores it: UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None)


def locked_state(trial_id: int) -> Select[Any]:
    """The state of a trial, whose row nobody else changes until the end of the transaction."""
    return select(TRIALS.c.state).where(TRIALS.c.trial_id == trial_id).with_for_update(key_share=True)


def attribute(connection: Connection, trial_id: int, key: str) -> str | None:
    """Returns a user attribute as it is stored; None where there is none."""
    wanted = and_(ATTRIBUTES.c.trial_id == trial_id, ATTRIBUTES.c.key == key)
    text: str | None = connection.scalar(select(ATTRIBUTES.c.value_json).where(wanted))
    return text
