"""The storages that the contract runs over: SQLite, a real Postgres, and the gRPC proxy in front of that Postgres."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from stale_watch import Clock
from storage.connection import open_storage
from storage.proxy.server import start_proxy
from storage.retrying_storage import RetryingStorage
from storage.studies import StudyHandle, create_study
from storage.trials.lease import WorkerIdentity
from storage.trials.queue import TrialQueue
from storage.trials.stale import StaleWatch

CLAIMER = Path(__file__).with_name("claimer.py")
ROOT = CLAIMER.parents[2]


@pytest.fixture(scope="session")
def postgres_tables(postgres) -> str:
    """A database with tables: making one for each test takes longer than the test."""
    postgres.run("CREATE DATABASE tables")
    open_storage(postgres.uri("tables"), create=True).close()
    return postgres.uri("tables")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    open_storage(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path) -> str:
    shutil.copy(sqlite_template, tmp_path / "hpo.db")
    return f"sqlite:///{tmp_path / 'hpo.db'}"


@pytest.fixture
def postgres_url(postgres_tables) -> str:
    with psycopg.connect(postgres_tables) as connection:
        connection.execute("TRUNCATE studies RESTART IDENTITY CASCADE")
    return postgres_tables


@pytest.fixture
def grpc_url(postgres_url) -> Iterator[str]:
    proxy = start_proxy(postgres_url, port=0, threads=8)
    yield f"grpc://127.0.0.1:{proxy.port}"
    proxy.stop(grace_s=0)


@pytest.fixture(params=["sqlite", "postgresql", "grpc"])
def url(request) -> str:
    """A storage with tables and without studies, of each kind in turn."""
    return request.getfixturevalue({"postgresql": "postgres_url"}.get(request.param, f"{request.param}_url"))


@pytest.fixture
def open_url() -> Iterator[Callable[[str], RetryingStorage]]:
    """Opens storages and closes them after the test."""
    opened: list[RetryingStorage] = []

    def open_one(url: str, **options) -> RetryingStorage:
        opened.append(open_storage(url, **options))
        return opened[-1]

    yield open_one
    for storage in opened:
        storage.close()


@pytest.fixture
def storage(url, open_url) -> RetryingStorage:
    return open_url(url)


@pytest.fixture
def study(storage) -> StudyHandle:
    return create_study(storage, "tuberculosis")


@pytest.fixture
def write(url, request) -> Iterator[Callable[..., None]]:
    """Runs SQL on the database itself, which a proxy may stand before."""
    engine = create_engine(_database(url, request))

    def run(sql: str, **values: object) -> None:
        with engine.begin() as connection:
            connection.execute(text(sql), values)

    yield run
    engine.dispose()


def _database(url: str, request) -> str:
    behind = request.getfixturevalue("postgres_url") if url.startswith("grpc") else url
    return behind.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def set_attribute(write) -> Callable[[int, str, object], None]:
    """Sets a user attribute of a trial in the database itself: the proxy takes no lease that cannot be read."""

    def run(trial_id: int, key: str, value: object) -> None:
        with_key = {"trial": trial_id, "key": key}
        write("DELETE FROM trial_user_attributes WHERE trial_id = :trial AND key = :key", **with_key)
        write(
            "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (:trial, :key, :value)",
            **with_key,
            value=json.dumps(value),
        )

    return run


@pytest.fixture
def queue(study) -> TrialQueue:
    return TrialQueue(study.storage, study.study_id)


@pytest.fixture
def another(url, open_url, study) -> TrialQueue:
    """The same queue as another process would see it: through a storage, and caches, of its own."""
    return TrialQueue(open_url(url), study.study_id)


@pytest.fixture
def worker() -> Callable[[str], WorkerIdentity]:
    return lambda name="w1": WorkerIdentity(worker=name, host="laptop", pid=1, device="cpu")


@pytest.fixture
def processes() -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts claimer processes; none outlives the test."""
    started: list[subprocess.Popen] = []

    def start(url: str, name: str, budget: int, task: str = "finish") -> subprocess.Popen:
        command = [sys.executable, "-W", "error", str(CLAIMER), url, name, str(budget), task]
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits until something holds; a test that waits in vain fails."""

    def wait(holds: Callable[[], object], deadline_s: float = 60.0) -> None:
        end = time.monotonic() + deadline_s
        while not holds():
            assert time.monotonic() < end, "it did not come to pass"
            time.sleep(0.01)

    return wait


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(another, clock) -> StaleWatch:
    return StaleWatch(another, lease_timeout_s=60, max_deaths=3, clock=clock)
