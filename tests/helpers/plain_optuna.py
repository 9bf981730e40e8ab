"""Optuna's own storage, as whoever uses plain Optuna beside us opens it."""

from collections.abc import Iterator
from contextlib import contextmanager

from optuna.storages import RDBStorage


@contextmanager
def plain_storage(url: str) -> Iterator[RDBStorage]:
    """Opens it, and closes the connections that Optuna leaves open: from Python 3.13 on SQLite complains of these."""
    storage = RDBStorage(url)
    try:
        yield storage
    finally:
        storage.engine.dispose()
