"""Tables: who makes them, whose they are, and how they are set up for many workers."""

import contextlib
import sqlite3
import threading

import pytest
from optuna.storages import RDBStorage
from optuna.storages._heartbeat import BaseHeartbeat
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial
from sqlalchemy import event, inspect

from plain_optuna import plain_storage
from storage.errors import StorageError
from storage.retry import RetryPolicy
from storage.studies import create_study, study_names


def test_heartbeats_of_optuna_exist_on_its_own_databases_only(open_url, grpc_url, sqlite_url):
    """The trap: the proxy's client silently has none, so a liveness record must go another way."""
    assert isinstance(open_url(sqlite_url).inner, BaseHeartbeat)
    assert not isinstance(open_url(grpc_url).inner, BaseHeartbeat)


def test_only_create_makes_tables(postgres, open_url, tmp_path):
    postgres.run("CREATE DATABASE empty")
    (tmp_path / "empty.db").touch()
    for url in (postgres.uri("empty"), f"sqlite:///{tmp_path}/empty.db"):
        for _ in range(2):
            with pytest.raises(StorageError, match="no tables"):
                open_url(url)
        assert study_names(open_url(url, create=True)) == []
        assert study_names(open_url(url)) == []


def test_tables_are_those_that_optuna_itself_would_make(tmp_path, open_url):
    open_url(f"sqlite:///{tmp_path}/ours.db", create=True)
    with plain_storage(f"sqlite:///{tmp_path}/ours.db"), plain_storage(f"sqlite:///{tmp_path}/theirs.db"):
        pass  # the first has checked the version
    create_study(open_url(f"sqlite:///{tmp_path}/theirs.db"), "s")


@pytest.mark.parametrize(
    "change",
    ["UPDATE alembic_version SET version_num = 'v9.9.9'", "DELETE FROM alembic_version", "DROP TABLE alembic_version"],
)
def test_tables_of_another_version_of_optuna_are_refused_at_once(tmp_path, open_url, change, monkeypatch):
    monkeypatch.setattr("storage.connection.OPENING", RetryPolicy(deadline_s=600))
    url = f"sqlite:///{tmp_path}/hpo.db"
    open_url(url, create=True)
    with sqlite3.connect(tmp_path / "hpo.db") as connection:
        connection.execute(change)
    connection.close()
    with pytest.raises(StorageError, match="another version of Optuna"):
        open_url(url)


def test_two_may_make_the_same_storage_at_once(postgres, open_url, tmp_path):
    postgres.run("CREATE DATABASE shared")
    for url in (postgres.uri("shared"), f"sqlite:///{tmp_path}/shared.db"):
        errors = in_threads(3, lambda url=url: open_url(url, create=True))
        assert errors == []


def test_databases_are_opened_for_many_workers(sqlite_url, postgres_url, open_url):
    with open_url(sqlite_url).inner.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine = open_url(postgres_url).inner.engine
    assert (engine.driver, engine.pool.size(), engine.pool._max_overflow) == ("psycopg", 2, 2)
    # By its effect it is not seen: a connection that was dropped is made anew by the retry as well, only later.
    assert engine.pool._pre_ping


@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
def test_claims_find_their_way_by_an_index(kind, request, open_url):
    """Without it each claim would read every trial of the study."""
    with open_url(request.getfixturevalue(kind)).inner.engine.connect() as connection:
        assert "hpo_trials_by_state" in {index["name"] for index in inspect(connection).get_indexes("trials")}


def test_optuna_s_own_sqlite_hands_one_trial_to_two_and_ours_does_not(sqlite_url, open_url):
    """The trap, made certain: both have read the trial as WAITING before either writes."""
    plain = [RDBStorage(sqlite_url), RDBStorage(sqlite_url)]
    study_id = plain[0].create_new_study([StudyDirection.MAXIMIZE], "s")
    assert claims_at_once(plain, [rdb.engine for rdb in plain], study_id) == 2

    ours = [open_url(sqlite_url), open_url(sqlite_url)]
    assert claims_at_once(ours, [storage.inner.engine for storage in ours], study_id) == 1
    for rdb in plain:
        rdb.engine.dispose()


def claims_at_once(storages, engines, study_id) -> int:
    """How many of two storages claim the same trial when each waits, before it writes, for the other to have read."""
    trial_id = storages[0].create_new_trial(study_id, create_trial(state=TrialState.WAITING))
    both_have_read = threading.Barrier(2)
    claimed = []

    def wait_before_update(connection, cursor, statement, *rest):
        if statement.startswith("UPDATE trials"):
            # The barrier breaks where the other cannot even read while we hold the lock: this is the cure.
            with contextlib.suppress(threading.BrokenBarrierError):
                both_have_read.wait(timeout=1)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", wait_before_update)

    def claim(storage):
        claimed.append(storage.set_trial_state_values(trial_id, TrialState.RUNNING))

    threads = [threading.Thread(target=claim, args=(storage,)) for storage in storages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return claimed.count(True)


def in_threads(count, function) -> list[Exception]:
    """Runs the function in so many threads at once; returns what they raised."""
    errors: list[Exception] = []

    def run():
        try:
            function()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors
