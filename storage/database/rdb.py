"""Optuna's database storage, with trials read in bulk.

Optuna loads each trial, parameter and attribute as an object of SQLAlchemy's and parses each parameter's distribution
twice; 10,000 trials take it many seconds, and each claim reads the unfinished ones. Here the same rows come as plain
tuples, in two queries, and equal distributions are parsed once. What comes out is the same (a contract test compares).
Source: optuna 5.0.0, storages/_rdb/storage.py, `_get_trials` and `_build_frozen_trial_from_trial_model`.
"""

import weakref
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, or_, select
from sqlalchemy.orm import scoped_session, sessionmaker

from storage.database.contents import Contents, contents_of, contents_where
from storage.database.deletion import delete_study
from storage.database.rows import TRIALS
from storage.database.stored import read_attributes, read_params
from storage.database.waiting import WaitingTrials

_STUDIES: Table = models.StudyModel.__table__
_HEAD = select(TRIALS.c.trial_id, TRIALS.c.number, TRIALS.c.state, TRIALS.c.datetime_start, TRIALS.c.datetime_complete)


class Database(RDBStorage):
    """Optuna's database storage, reading faster.

    Args:
        engine: Of a database that has the tables (`storage.database.tables`).
        few: So many trials are named one by one where their rows are asked for; more are selected by a condition.
    """

    def __init__(self, engine: Engine, few: int = 500) -> None:
        self._few, self._waiting = few, WaitingTrials()
        # Not Optuna's: it makes an engine of its own, and loads every migration of the tables to compare one word.
        self.url, self.engine = str(engine.url), engine
        self.scoped_session = scoped_session(sessionmaker(bind=engine))
        self.heartbeat_interval = self.grace_period = None
        self.heartbeat_stale_trial_callback = self.failed_trial_callback = None
        # Whoever lets go of a storage has closed it: an engine leaves its connections open. No process waits for that.
        weakref.finalize(self, engine.dispose).atexit = False

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Returns one trial; KeyError where there is none."""
        with self._connection() as connection:
            trials = _read(connection, TRIALS.c.trial_id == trial_id, self._few)
        if not trials:
            raise KeyError(f"No trial with id {trial_id}.")
        return trials[0]

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Sets a user attribute of a trial."""
        super().set_trial_user_attr(trial_id, key, value)
        self._waiting.forget(trial_id)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Sets a system attribute of a trial."""
        super().set_trial_system_attr(trial_id, key, value)
        self._waiting.forget(trial_id)

    def delete_study(self, study_id: int) -> None:
        """Deletes a study and its trials; KeyError where there is none."""
        with self.engine.begin() as connection:
            delete_study(connection, study_id)

    def study_of(self, trial_id: int) -> int:
        """Returns the id of a trial's study; KeyError where there is no such trial."""
        with self._connection() as connection:
            study_id: int | None = connection.scalar(select(TRIALS.c.study_id).where(TRIALS.c.trial_id == trial_id))
        if study_id is None:
            raise KeyError(f"No trial with id {trial_id}.")
        return study_id

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """That of the thread's session: Optuna reads trials in the middle of writing one, and SQLite has one writer."""
        with _create_scoped_session(self.scoped_session) as session:
            yield session.connection()

    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        wanted = or_(TRIALS.c.trial_id > trial_id_greater_than, TRIALS.c.trial_id.in_(included_trial_ids))
        with self._connection() as connection:
            trials = _read(connection, and_(TRIALS.c.study_id == study_id, wanted), self._few, self._waiting)
            if not trials and connection.scalar(select(_STUDIES.c.study_id).filter_by(study_id=study_id)) is None:
                raise KeyError(f"No study with id {study_id}.")
        self._waiting.keep(trials)
        return [trial for trial in trials if states is None or trial.state in states]


def _read(
    connection: Connection, wanted: ColumnElement[bool], few: int, waiting: WaitingTrials | None = None
) -> list[FrozenTrial]:
    """Returns the trials that a condition selects, by id; those that wait as they did, as they were read."""
    heads = connection.execute(_HEAD.where(wanted).order_by(TRIALS.c.trial_id)).all()
    same = {} if waiting is None else waiting.unchanged((head[0], head[2], _local(head[3])) for head in heads)
    ids = [head[0] for head in heads if head[0] not in same]
    if not ids:
        return [same[head[0]] for head in heads]
    held = contents_of(connection, ids) if len(ids) <= few else contents_where(connection, wanted)
    return [same.get(head[0]) or _trial(head, held.get(head[0], Contents())) for head in heads]


def _trial(head: Sequence[Any], held: Contents) -> FrozenTrial:
    trial_id, number, state, start, complete = head
    params, distributions = read_params(number, ((name, value, text) for _, name, value, text in held.params))
    value_kind = models.TrialValueModel.TrialValueType
    step_kind = models.TrialIntermediateValueModel.TrialIntermediateValueType
    to_value = models.TrialValueModel.stored_repr_to_value
    to_step = models.TrialIntermediateValueModel.stored_repr_to_intermediate_value
    return FrozenTrial(
        number=number,
        state=state,
        value=None,
        values=[to_value(value, value_kind[kind]) for _, kind, value, _ in held.values] or None,
        datetime_start=_local(start),
        datetime_complete=_local(complete),
        params=params,
        distributions=distributions,
        user_attrs=read_attributes(number, ((name, text) for _, name, _, text in held.users)),
        system_attrs=read_attributes(number, ((name, text) for _, name, _, text in held.systems)),
        intermediate_values={step: to_step(value, step_kind[kind]) for step, kind, value, _ in held.steps},
        trial_id=trial_id,
    )


def _local(stored: datetime | None) -> datetime | None:
    """Tables hold UTC; trials tell local time; neither names its zone."""
    return None if stored is None else stored.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
