"""The tables of a database: are they there, and make them.

Optuna makes them at its first connection, in several transactions: two processes at once may fail over each other.
Here all of it, with the version that Optuna stamps on it and an index of ours, is one transaction that others wait for.
"""

from pathlib import Path

import optuna
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from optuna.storages import _rdb
from optuna.storages._rdb import models
from sqlalchemy import Connection, insert, inspect, select, text

_REVISIONS = Path(_rdb.__file__).parent / "alembic"
#: Any number, the same in every process: who holds this lock of Postgres may make tables.
_LOCK = 0x68706F
#: For claims and counts, which would otherwise read every trial of the study.
_INDEX = "CREATE INDEX IF NOT EXISTS hpo_trials_by_state ON trials (study_id, state, number)"


def has_tables(connection: Connection) -> bool:
    """Says whether Optuna's tables are there."""
    return inspect(connection).has_table(models.StudyModel.__tablename__)


def make_tables(connection: Connection) -> None:
    """Makes what is missing of Optuna's tables, in the connection's transaction.

    SQLite's transactions exclude each other already (`storage.connection`).
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    models.BaseModel.metadata.create_all(connection)
    connection.execute(text(_INDEX))
    if connection.scalar(select(models.VersionInfoModel.version_info_id)) is None:
        versions = {"schema_version": models.SCHEMA_VERSION, "library_version": optuna.__version__}
        connection.execute(insert(models.VersionInfoModel).values(versions))
    context = MigrationContext.configure(connection)
    if context.get_current_revision() is None:
        scripts = ScriptDirectory(str(_REVISIONS))
        context.stamp(scripts, scripts.get_current_head() or "head")
