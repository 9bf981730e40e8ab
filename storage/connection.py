"""Opens a storage by its URL, set up for many workers.

SQLite: write-ahead log, and every transaction takes the write lock at its start; as Optuna opens it, one
waiting trial is handed to several processes. Postgres: psycopg 3, a small pool, a ping before use, timeouts
by which a cut network is noticed. Proxy: `storage.proxy.client`. Tables are made only where `create=True`.
"""

import sqlite3
from typing import Any

import optuna
from sqlalchemy import Engine, create_engine, event, exc
from sqlalchemy.engine import Connection

from storage import retry
from storage.database.cached import CachedDatabase
from storage.database.rdb import Database
from storage.database.tables import check_version, has_tables, make_tables
from storage.database.transactions import DatabaseLedger
from storage.errors import StorageError, StorageUnavailableError
from storage.retry import OPENING, RetryPolicy
from storage.retrying_storage import RetryingStorage
from storage.url import StorageUrl, parse_url

# Optuna announces every study and trial on stderr by itself; what is worth saying, we say.
optuna.logging.set_verbosity(optuna.logging.WARNING)

_SQLITE_BUSY_TIMEOUT_S = 60.0
_POSTGRES_CONNECT = {
    "connect_timeout": 4,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "application_name": "hpo",
}


def open_storage(
    url: str,
    create: bool = False,
    *,
    pool_size: int = 2,
    policy: RetryPolicy | None = None,
    opening: RetryPolicy | None = None,
) -> RetryingStorage:
    """Opens the storage.

    Args:
        url: `sqlite:///path`, `postgresql://...` or `grpc://host:port`.
        create: Makes the file and the tables where they are missing.
        pool_size: How many threads may talk to the database at once; a worker has two.
        policy: How long a later call that fails is tried again.
        opening: How long it may take until it answers for the first time; about ten seconds by default.

    Raises:
        StorageUnavailableError: No answer in time.
        StorageError: The URL cannot be used, or there is no hpo storage at it.
    """
    target = parse_url(url)
    policy, opening = policy or RetryPolicy(), opening or OPENING
    if target.kind == "grpc":
        from storage.proxy.client import open_proxy  # gRPC takes a while to import

        proxy = open_proxy(target, opening.deadline_s)
        return RetryingStorage(proxy, proxy.ledger, target.shown, policy, close=proxy.close)
    database = CachedDatabase(_open_database(target, create, pool_size, opening))
    ledger, close = DatabaseLedger(database.engine), database.engine.dispose
    return RetryingStorage(database, ledger, target.shown, policy, close)


def _open_database(target: StorageUrl, create: bool, pool_size: int, opening: RetryPolicy) -> Database:
    if target.path is not None and not create and not target.path.is_file():
        raise StorageError(f"There is no storage at '{target.path}'.", _make_one(target))
    options = _engine_options(target, pool_size)
    try:
        return retry.call(lambda: _open_tables(target, options, create), opening, target.shown)
    except StorageError:
        raise
    except exc.SQLAlchemyError as error:
        raise _unusable(target, error) from error


def _engine_options(target: StorageUrl, pool_size: int) -> dict[str, Any]:
    if target.kind == "sqlite":
        return {"connect_args": {"timeout": _SQLITE_BUSY_TIMEOUT_S}, "pool_size": pool_size}
    return {
        "connect_args": dict(_POSTGRES_CONNECT),
        "pool_size": pool_size,
        "max_overflow": 2,
        "pool_pre_ping": True,
        "pool_recycle": 1800,
    }


def _open_tables(target: StorageUrl, options: dict[str, Any], create: bool) -> Database:
    engine = create_engine(target.engine_url, **options)
    _set_up(engine)
    try:
        with engine.begin() as connection:
            if create:
                make_tables(connection)
            elif not has_tables(connection):
                raise StorageError(f"The storage {target.shown} holds no tables of hpo.", _make_one(target))
            check_version(connection, target.shown)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


def _set_up(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # Left to itself, the driver begins a transaction at the first write, after what it depends on was read.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _make_one(target: StorageUrl) -> str:
    return f"Check the URL, or make a study there first: hpo create-study ... --storage {target.shown}"


def _unusable(target: StorageUrl, error: exc.SQLAlchemyError) -> StorageError:
    words = retry.first_line(error)
    if "file is not a database" in words:
        return StorageError(
            f"'{target.path}' is not a SQLite database.",
            "Give the storage that create-study made, or a new path.",
        )
    return StorageUnavailableError(
        f"The storage {target.shown} cannot be used: {words}.",
        "Check the URL, the user's rights and, for a file, its folder's rights and free space.",
    )
