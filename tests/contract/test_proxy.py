"""The proxy as its clients meet it: restarts, an absent database, other versions, what it cannot serve."""

import optuna
import pytest
from optuna.trial import TrialState

from storage.errors import StorageError, StorageUnavailableError
from storage.proxy import calls, server
from storage.retry import RetryPolicy
from storage.studies import create_study, study_names
from storage.trials.queue import TrialQueue


def test_a_proxy_may_restart_under_its_clients(postgres_url, open_url, worker):
    first = server.start_proxy(postgres_url, port=0, threads=4)
    assert first.host == "127.0.0.1"  # has no log-in: others are let in only where the user says so
    storage = open_url(f"grpc://127.0.0.1:{first.port}")
    study = create_study(storage, "s")
    queue = TrialQueue(storage, study.study_id)
    claim = queue.claim(worker(), 3)
    first.stop(grace_s=0)
    second = server.start_proxy(postgres_url, port=first.port, threads=4)
    # A parameter is the hard case: Optuna's cache in the new proxy must know the trial before.
    trial = optuna.trial.Trial(optuna.load_study(study_name="s", storage=storage), claim.trial_id)
    x = trial.suggest_float("x", 0, 1)
    queue.finish(claim, TrialState.COMPLETE, x)
    assert queue.counts(3).complete == 1
    second.stop(grace_s=0)


def test_a_proxy_whose_database_is_away_says_so_and_its_clients_wait(postgres, postgres_url, open_url, monkeypatch):
    monkeypatch.setattr(server, "BEHIND_THE_PROXY", RetryPolicy(deadline_s=0.1))
    serving = server.start_proxy(postgres_url, port=0, threads=4)
    storage = open_url(f"grpc://127.0.0.1:{serving.port}", policy=RetryPolicy(deadline_s=0.5))
    postgres.run("ALTER DATABASE tables ALLOW_CONNECTIONS false")
    try:
        postgres.drop_connections(postgres_url)
        with pytest.raises(StorageUnavailableError, match="does not answer"):
            study_names(storage)
    finally:
        postgres.run("ALTER DATABASE tables ALLOW_CONNECTIONS true")
    assert study_names(storage) == []
    serving.stop(grace_s=0)


def test_a_proxy_of_optuna_s_own_is_told_from_ours(postgres_url, open_url, worker):
    server = optuna.storages._grpc.server.make_server(open_url(postgres_url), "127.0.0.1", 0)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    storage = open_url(f"grpc://127.0.0.1:{port}")
    study = create_study(storage, "s")
    with pytest.raises(StorageError, match="knows no leases") as caught:
        TrialQueue(storage, study.study_id).claim(worker(), 1)
    assert "hpo proxy" in caught.value.next_step
    server.stop(0).wait()


def test_a_proxy_of_another_version_is_told_from_ours(grpc_url, open_url, worker, monkeypatch):
    """Claiming would go well; a change that is lost later, in the middle of a trial, would not."""
    monkeypatch.setattr(calls, "SERVICE", "hpo.Leases.2")
    storage = open_url(grpc_url)
    with pytest.raises(StorageError, match="another version of hpo"):
        TrialQueue(storage, create_study(storage, "s").study_id).claim(worker(), 1)


def test_a_proxy_refuses_what_it_cannot_serve(sqlite_url, grpc_url, postgres_url):
    with pytest.raises(StorageError, match="Postgres only"):
        server.start_proxy(sqlite_url)
    with pytest.raises(StorageError, match="cannot listen"):
        server.start_proxy(postgres_url, port=int(grpc_url.rsplit(":", 1)[1]), threads=1)
