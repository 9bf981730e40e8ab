"""Optuna's database storage, with trials read in bulk.

Optuna loads each trial, parameter and attribute as an object of SQLAlchemy's and parses each parameter's distribution
twice; 10,000 trials take it many seconds, and each claim reads the unfinished ones. Here the same rows come as plain
tuples, a query for each table, and equal distributions are parsed once. What comes out is the same (a contract test
compares). Source: optuna 5.0.0, storages/_rdb/storage.py, `_get_trials` and `_build_frozen_trial_from_trial_model`.
"""

import weakref
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import ColumnElement, Engine, and_, or_, select
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from storage.database.deletion import delete_study
from storage.database.parked import ParkedTrials
from storage.database.stored import read_attributes, read_params

Rows = Iterable[Sequence[Any]]

_TRIAL = models.TrialModel


class Database(RDBStorage):
    """Optuna's database storage, reading faster.

    Args:
        engine: Of a database that has the tables (`storage.database.tables`).
        few: So many trials are named one by one where their rows are asked for; more are selected by a condition.
    """

    def __init__(self, engine: Engine, few: int = 500) -> None:
        self._few, self._parked = few, ParkedTrials()
        # Not Optuna's: it makes an engine of its own, and loads every migration of the tables to compare one word.
        self.url, self.engine = str(engine.url), engine
        self.scoped_session = scoped_session(sessionmaker(bind=engine))
        self.heartbeat_interval = self.grace_period = None
        self.heartbeat_stale_trial_callback = self.failed_trial_callback = None
        # Whoever lets go of a storage has closed it: an engine leaves its connections open. No process waits for that.
        weakref.finalize(self, engine.dispose).atexit = False

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Returns one trial; KeyError where there is none."""
        with _create_scoped_session(self.scoped_session) as session:
            trials = _read(session, _TRIAL.trial_id == trial_id, self._few)
        if not trials:
            raise KeyError(f"No trial with id {trial_id}.")
        return trials[0]

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Sets a user attribute of a trial."""
        super().set_trial_user_attr(trial_id, key, value)
        self._parked.forget(trial_id)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Sets a system attribute of a trial."""
        super().set_trial_system_attr(trial_id, key, value)
        self._parked.forget(trial_id)

    def delete_study(self, study_id: int) -> None:
        """Deletes a study and its trials; KeyError where there is none."""
        with self.engine.begin() as connection:
            delete_study(connection, study_id)

    def study_of(self, trial_id: int) -> int:
        """Returns the id of a trial's study; KeyError where there is no such trial."""
        with _create_scoped_session(self.scoped_session) as session:
            study_id: int | None = session.scalar(select(_TRIAL.study_id).where(_TRIAL.trial_id == trial_id))
        if study_id is None:
            raise KeyError(f"No trial with id {trial_id}.")
        return study_id

    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        wanted = or_(_TRIAL.trial_id > trial_id_greater_than, _TRIAL.trial_id.in_(included_trial_ids))
        with _create_scoped_session(self.scoped_session) as session:
            models.StudyModel.find_or_raise_by_id(study_id, session)
            trials = _read(session, and_(_TRIAL.study_id == study_id, wanted), self._few, self._parked)
        self._parked.keep(trials)
        return [trial for trial in trials if states is None or trial.state in states]


def _read(
    session: Session, wanted: ColumnElement[bool], few: int, parked: ParkedTrials | None = None
) -> list[FrozenTrial]:
    """Returns the trials that a condition selects, by id; those that are parked as they were, as they were read."""
    table = _TRIAL.__table__.c
    columns = (_TRIAL.trial_id, _TRIAL.number, _TRIAL.state, table.datetime_start, table.datetime_complete)
    trials = session.execute(select(*columns).where(wanted).order_by(_TRIAL.trial_id)).all()
    if not trials:
        return []
    same = {} if parked is None else parked.unchanged((row[0], row[2], _local(row[3])) for row in trials)
    ids = [row[0] for row in trials if row[0] not in same]
    if not ids:
        return [same[row[0]] for row in trials]
    named = ids if len(ids) <= few else None
    param, value, step = models.TrialParamModel, models.TrialValueModel, models.TrialIntermediateValueModel
    user, system = models.TrialUserAttributeModel, models.TrialSystemAttributeModel

    def children(order: Any, *columns: Any) -> dict[int, list[Sequence[Any]]]:
        return _children(session, wanted, named, order, columns)

    params = children(param.param_id, param.param_name, param.param_value, param.distribution_json)
    values = children(value.objective, value.value, value.value_type)
    steps = children(step.step, step.step, step.intermediate_value, step.intermediate_value_type)
    users = children(user.trial_user_attribute_id, user.key, user.value_json)
    systems = children(system.trial_system_attribute_id, system.key, system.value_json)
    tables = (params, values, steps, users, systems)
    return [same.get(row[0]) or _trial(row, *(rows[row[0]] for rows in tables)) for row in trials]


def _children(
    session: Session, wanted: ColumnElement[bool], named: list[int] | None, order: Any, columns: Sequence[Any]
) -> dict[int, list[Sequence[Any]]]:
    """Returns the rows of one table by trial: the trial's id, then the columns.

    A few trials are named one by one, which finds their rows by index; many are selected by the condition again,
    since databases limit the number of values in a query.
    """
    child = order.class_
    query = select(child.trial_id, *columns)
    if named is not None:
        query = query.where(child.trial_id.in_(named))
    else:
        query = query.join(_TRIAL, _TRIAL.trial_id == child.trial_id).where(wanted)
    rows: dict[int, list[Sequence[Any]]] = defaultdict(list)
    for row in session.execute(query.order_by(order)):
        rows[row[0]].append(row)
    return rows


def _trial(row: Sequence[Any], params: Rows, values: Rows, steps: Rows, users: Rows, systems: Rows) -> FrozenTrial:
    trial_id, number, state, start, complete = row
    read, distributions = read_params(number, params)
    to_value = models.TrialValueModel.stored_repr_to_value
    to_intermediate = models.TrialIntermediateValueModel.stored_repr_to_intermediate_value
    return FrozenTrial(
        number=number,
        state=state,
        value=None,
        values=[to_value(value, kind) for _, value, kind in values] or None,
        datetime_start=_local(start),
        datetime_complete=_local(complete),
        params=read,
        distributions=distributions,
        user_attrs=read_attributes(number, users),
        system_attrs=read_attributes(number, systems),
        intermediate_values={step: to_intermediate(value, kind) for _, step, value, kind in steps},
        trial_id=trial_id,
    )


def _local(stored: datetime | None) -> datetime | None:
    """Tables hold UTC; trials tell local time; neither names its zone."""
    return None if stored is None else stored.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
