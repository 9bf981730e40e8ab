"""The tables of a database: are they there, are they of our Optuna's version, and make them.

Optuna makes them at its first connection, in several transactions: two processes at once may fail over each other.
Here all of it, with the version that Optuna stamps on it and an index of ours, is one transaction that others wait for.
"""

from pathlib import Path

import optuna
from optuna.storages import _rdb
from optuna.storages._rdb import models
from sqlalchemy import Connection, insert, inspect, select, text

from storage.errors import StorageError

_REVISIONS = Path(_rdb.__file__).parent / "alembic"
#: The version of Optuna's tables that is read and written here; a test compares it with Optuna's own word.
REVISION = "v3.2.0.a"
#: Any number, the same in every process: who holds this lock of Postgres may make tables.
_LOCK = 0x68706F
#: For claims and counts, which would otherwise read every trial of the study.
_INDEX = "hpo_trials_by_state"
_MAKE_INDEX = f"CREATE INDEX {_INDEX} ON trials (study_id, state, number)"


def has_tables(connection: Connection) -> bool:
    """Says whether Optuna's tables are there."""
    return inspect(connection).has_table(models.StudyModel.__tablename__)


def check_version(connection: Connection, shown: str) -> None:
    """Compares the version of the tables.

    Raises:
        StorageError: Another version of Optuna made them, or changed them since.
    """
    stamped = inspect(connection).has_table("alembic_version")
    found = connection.scalar(text("SELECT version_num FROM alembic_version")) if stamped else "none"
    if found != REVISION:
        raise StorageError(
            f"The tables at {shown} are of another version of Optuna: {found}, expected {REVISION}.",
            "Use the version of hpo that made them, or another storage.",
        )


def make_tables(connection: Connection) -> None:
    """Makes what is missing of Optuna's tables, in the connection's transaction.

    SQLite's transactions exclude each other already (`storage.connection`).
    """
    # Here and not above: loading it takes a tenth of a second, and only `create-study` makes tables.
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    models.BaseModel.metadata.create_all(connection)
    # Looked for, and not left to IF NOT EXISTS: that asks for the table's owner even where there is nothing to make.
    if _INDEX not in {index["name"] for index in inspect(connection).get_indexes(models.TrialModel.__tablename__)}:
        connection.execute(text(_MAKE_INDEX))
    if connection.scalar(select(models.VersionInfoModel.version_info_id)) is None:
        versions = {"schema_version": models.SCHEMA_VERSION, "library_version": optuna.__version__}
        connection.execute(insert(models.VersionInfoModel).values(versions))
    context = MigrationContext.configure(connection)
    if context.get_current_revision() is None:
        scripts = ScriptDirectory(str(_REVISIONS))
        context.stamp(scripts, scripts.get_current_head() or "head")
