"""The command `hpo proxy` in front of a real Postgres, and workers behind it."""

import signal
import socket

import pytest

from storage.connection import open_storage


@pytest.fixture
def database(postgres) -> str:
    postgres.run("DROP DATABASE IF EXISTS behind_the_proxy")
    postgres.run("CREATE DATABASE behind_the_proxy")
    open_storage(postgres.uri("behind_the_proxy"), create=True).close()
    return postgres.uri("behind_the_proxy")


@pytest.fixture
def proxy(hpo, background, database):
    """Starts `hpo proxy` on any free port; returns the process and the URL that it prints."""

    def start(*options: str):
        process = background(hpo.start("proxy", "--storage", database, "--port", "0", *options))
        address = process.stdout.readline().strip()
        assert address.startswith("grpc://"), process.communicate(timeout=60)
        return process, address

    return start


def test_workers_behind_the_proxy_spend_the_budget_exactly(hpo, background, database, proxy) -> None:
    hpo.create("s", 5, "--storage", database)
    process, address = proxy()
    assert address.startswith("grpc://127.0.0.1:")
    workers = [
        background(hpo.start("worker", "--workers", "2", "--study", "s", "--storage", address)) for _ in range(2)
    ]
    for worker in workers:
        _, talk = worker.communicate(timeout=300)
        assert worker.returncode == 0, talk
    status = hpo.json("status", "--study", "s", "--storage", address)
    assert (status["complete"] + status["pruned"], status["failed"]) == (5, 0)
    study = open_storage(database)
    assert len(study.get_all_trials(study.get_study_id_from_name("s"))) == 5
    study.close()

    process.send_signal(signal.SIGTERM)
    _, talk = process.communicate(timeout=60)
    assert (process.returncode, talk) == (0, "")  # stopping it is how a proxy ends well
    assert not listens(address)


def test_a_proxy_that_others_can_reach_says_so(proxy) -> None:
    process, _ = proxy("--host", "0.0.0.0")  # noqa: S104 - what is to be warned of
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "neither encryption nor log-in" in talk


def listens(address: str) -> bool:
    host, port = address.removeprefix("grpc://").rsplit(":", 1)
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
