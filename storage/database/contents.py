"""What trials hold, in one query: Optuna keeps their params, values, steps and attributes in five tables.

A worker asks after every fold, often from afar; a query for each table would be five ways there and back.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.storages._rdb import models
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Float,
    Select,
    String,
    Table,
    bindparam,
    cast,
    literal,
    null,
    select,
    union_all,
)

from storage.database.rows import ATTRIBUTES, PARAMS, STEPS, TRIALS, VALUES

_SYSTEM: Table = models.TrialSystemAttributeModel.__table__
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_NO_NUMBER: ColumnElement[Any] = cast(null(), Float(53))
_NO_TEXT: ColumnElement[Any] = cast(null(), String)

Rows = list[Sequence[Any]]


@dataclass(frozen=True)
class Contents:
    """The rows of one trial, each table's in its order: where it stands, name, number, text; what it lacks is None."""

    params: Rows = field(default_factory=list)
    values: Rows = field(default_factory=list)
    steps: Rows = field(default_factory=list)
    users: Rows = field(default_factory=list)
    systems: Rows = field(default_factory=list)


def contents_of(connection: Connection, ids: Sequence[int]) -> Mapping[int, Contents]:
    """Reads what some trials hold, by id; their rows are found by index."""
    return _read(connection, _OF_THESE, {"ids": ids})


def contents_where(connection: Connection, wanted: ColumnElement[bool]) -> Mapping[int, Contents]:
    """Reads what all trials hold that a condition on their table selects: databases limit the values in a query."""
    parts = [part.join(TRIALS, TRIALS.c.trial_id == table.c.trial_id).where(wanted) for table, part in _PARTS]
    return _read(connection, _together(parts), {})


def _read(connection: Connection, query: CompoundSelect[Any], values: Mapping[str, Any]) -> Mapping[int, Contents]:
    found: dict[int, Contents] = defaultdict(Contents)
    for trial_id, kind, *row in connection.execute(query, values):
        getattr(found[trial_id], kind).append(row)
    return found


def _part(
    kind: str,
    table: Table,
    place: str,
    name: ColumnElement[Any],
    number: ColumnElement[Any] = _NO_NUMBER,
    text: ColumnElement[Any] = _NO_TEXT,
) -> tuple[Table, Select[Any]]:
    labelled = (table.c[place].label("place"), name.label("name"), number.label("number"), text.label("text"))
    return table, select(table.c.trial_id, literal(kind).label("kind"), *labelled)


def _together(parts: Sequence[Select[Any]]) -> CompoundSelect[Any]:
    return union_all(*parts).order_by("place")


_PARTS = (
    _part(
        "params", PARAMS, "param_id", PARAMS.c.param_name, number=PARAMS.c.param_value, text=PARAMS.c.distribution_json
    ),
    _part("values", VALUES, "objective", cast(VALUES.c.value_type, String), number=VALUES.c.value),
    _part("steps", STEPS, "step", cast(STEPS.c.intermediate_value_type, String), number=STEPS.c.intermediate_value),
    _part("users", ATTRIBUTES, "trial_user_attribute_id", ATTRIBUTES.c.key, text=ATTRIBUTES.c.value_json),
    _part("systems", _SYSTEM, "trial_system_attribute_id", _SYSTEM.c.key, text=_SYSTEM.c.value_json),
)
_OF_THESE = _together([part.where(table.c.trial_id.in_(_IDS)) for table, part in _PARTS])
