"""The command `hpo proxy` in front of a real Postgres, and workers behind it."""

import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
import pytest

from certificates import make_certificates
from processes import until
from storage.connection import open_storage
from storage.errors import StorageUnavailableError
from storage.retry import RetryPolicy
from storage.studies import create_study


@pytest.fixture
def database(postgres) -> str:
    postgres.run("DROP DATABASE IF EXISTS behind_the_proxy WITH (FORCE)")
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
    assert "Set HPO_PROXY_TOKEN" in talk
    assert "Give --tls-cert" in talk


def listens(address: str) -> bool:
    host, port = address.removeprefix("grpc://").rsplit(":", 1)
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_a_token_and_tls_close_the_proxy_to_all_but_those_who_have_both(hpo, proxy, database, tmp_path) -> None:
    files = make_certificates(tmp_path / "certificates")
    (tmp_path / "token").write_text("a-token-of-the-tests-own\n")
    options = ("--tls-cert", str(files.cert), "--tls-key", str(files.key), "--token-file", str(tmp_path / "token"))
    process, address = proxy(*options, "--host", "0.0.0.0")  # noqa: S104 - closed by what is tested
    address = address.replace("0.0.0.0", "localhost")  # noqa: S104
    shown = {"HPO_PROXY_CA": str(files.ca), "HPO_PROXY_TOKEN_FILE": str(tmp_path / "token")}

    def doctor(**environment: str) -> str:
        told = hpo.run("doctor", "--storage", address, environment=environment).stdout
        return next(line for line in told.splitlines() if " storage " in line)

    hpo.create("s", 1, "--folds", "2", "--storage", database)
    done = hpo.run("worker", "--workers", "1", "--study", "s", "--storage", address, environment=shown)
    assert done.returncode == 0, done.stderr
    assert "holds 1 study" in doctor(**shown)
    refused = doctor(HPO_PROXY_CA=str(files.ca), HPO_PROXY_TOKEN="some-other-token-of-ours")
    assert "lets nobody in without its token" in refused
    assert "some-other-token" not in refused
    assert "set HPO_PROXY_CA" in doctor()
    process.send_signal(signal.SIGTERM)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Warning: without" not in talk
    assert "a-token-of-the-tests-own" not in talk


def test_a_certificate_without_its_key_is_a_usage_error(hpo, database, tmp_path) -> None:
    done = hpo.run("proxy", "--storage", database, "--tls-cert", str(tmp_path / "cert.pem"))
    assert (done.returncode, "go together" in done.stderr) == (2, True)


@pytest.fixture
def impatient(proxy):
    """A proxy's process, a caller of it that soon gives up, and a trial that is there."""
    process, address = proxy()
    storage = open_storage(address, policy=RetryPolicy(deadline_s=0.1))
    yield process, storage, storage.create_new_trial(create_study(storage, "s").study_id)
    storage.close()


def test_sigterm_ends_a_proxy_in_seconds_though_a_call_waits_for_a_lock(impatient, database) -> None:
    process, storage, trial_id = impatient
    ask = partial(storage.set_trial_user_attr, trial_id, "k", 1)
    with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as looker:
        holder.execute("LOCK TABLE trials")
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask)
            until(lambda: looker.execute(_WAITING).fetchone() == (1,))
            talk = ended_by_sigterm(process)
            assert isinstance(asked.exception(timeout=60), StorageUnavailableError)
    assert "Some calls have not ended in time" in talk


def test_sigterm_ends_a_proxy_in_seconds_though_its_database_is_away(impatient, postgres, database) -> None:
    process, storage, _ = impatient
    postgres.run("ALTER DATABASE behind_the_proxy ALLOW_CONNECTIONS false")
    postgres.drop_connections(database)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(storage.get_all_studies)
        assert "Trying again" in process.stderr.readline()
        ended_by_sigterm(process)
        assert isinstance(asked.exception(timeout=60), StorageUnavailableError)


_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'behind_the_proxy' AND wait_event_type = 'Lock'"


def ended_by_sigterm(process: subprocess.Popen[str]) -> str:
    """Returns what it said after that."""
    before = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, talk = process.communicate(timeout=60)
    assert (process.returncode, time.monotonic() - before < 15) == (0, True)
    return talk
