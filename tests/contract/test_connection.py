"""Opening storages: what is made, what is refused, and what happens when one goes away."""

import contextlib
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.storages._heartbeat import BaseHeartbeat
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial
from sqlalchemy import event, inspect, make_url

from storage.database.rdb import Database
from storage.errors import StorageError, StorageUnavailableError
from storage.proxy import calls, server
from storage.retry import RetryPolicy
from storage.studies import create_study, find_study, study_names
from storage.trials.queue import TrialQueue


def test_optuna_takes_the_storage_as_it_is(storage):
    study = optuna.create_study(study_name="plain", storage=storage, direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    assert study._storage is storage
    assert study.best_value == max(trial.value for trial in study.trials)
    assert storage.get_best_trial(study._study_id).value == study.best_value


def test_finished_trials_are_kept_in_optuna_s_cache(storage, study):
    trial_id = storage.create_new_trial(study.study_id, create_trial(state=TrialState.COMPLETE, value=0.5))
    first = storage.get_all_trials(study.study_id, deepcopy=False)[0]
    assert first._trial_id == trial_id
    assert storage.get_all_trials(study.study_id, deepcopy=False)[0] is first


@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
@pytest.mark.parametrize("few", [0, 500])
def test_trials_read_in_bulk_are_those_that_optuna_reads(kind, few, request, open_url):
    database = Database(open_url(request.getfixturevalue(kind)).inner.engine, few)
    study = optuna.create_study(study_name="full", storage=database)

    def objective(trial):
        x = trial.suggest_float("x", 1e-5, 1, log=True)
        units = trial.suggest_categorical("units", [16, 32, None, "many"])
        trial.suggest_int(f"layers_{trial.number % 2}", 1, 3)
        trial.set_user_attr("hpo:fold:0", {"accuracy": x, "units": units, "none": None})
        for step, value in enumerate([x, float("inf"), float("nan"), -float("inf")][: trial.number]):
            trial.report(value, step)
        if trial.number == 3:
            raise optuna.TrialPruned
        return float("inf") if trial.number == 4 else x

    study.optimize(objective, n_trials=6)
    study.enqueue_trial({"x": 0.5})
    study.ask(), study.ask()
    of_another_study = optuna.create_study(study_name="other", storage=database).ask()

    study_id, ids = study._study_id, [trial._trial_id for trial in study.trials]
    for included, greater in ((set(), -1), (set(), ids[3]), ({ids[0], ids[2], of_another_study._trial_id}, ids[4])):
        for states in (None, (TrialState.RUNNING, TrialState.COMPLETE)):
            ours = database._get_trials(study_id, states, included, greater)
            theirs = RDBStorage._get_trials(database, study_id, states, included, greater)
            assert [repr(trial) for trial in ours] == [repr(trial) for trial in theirs]
    assert repr(database.get_trial(ids[2])) == repr(RDBStorage.get_trial(database, ids[2]))
    for missing in (lambda: database.get_trial(10**6), lambda: database._get_trials(10**6, None, set(), -1)):
        with pytest.raises(KeyError):
            missing()


def test_heartbeats_of_optuna_exist_on_its_own_databases_only(open_url, grpc_url, sqlite_url):
    """The trap: the proxy's client silently has none, so a liveness record must go another way."""
    assert isinstance(open_url(sqlite_url).inner, BaseHeartbeat)
    assert not isinstance(open_url(grpc_url).inner, BaseHeartbeat)


def test_a_wrong_sqlite_path_makes_no_file(tmp_path, open_url):
    with pytest.raises(StorageError, match="no storage at") as caught:
        open_url(f"sqlite:///{tmp_path}/typo.db")
    assert "create-study" in caught.value.next_step
    assert list(tmp_path.iterdir()) == []


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
    RDBStorage(f"sqlite:///{tmp_path}/ours.db")  # checks the version
    RDBStorage(f"sqlite:///{tmp_path}/theirs.db")
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


def test_a_file_that_is_no_database_is_named_as_such(tmp_path, open_url):
    path = tmp_path / "notes.db"
    path.write_text("meeting at noon, " * 100)
    with pytest.raises(StorageError, match=r"notes\.db' is not a SQLite database"):
        open_url(f"sqlite:///{path}")


def test_an_unwritable_sqlite_folder_is_not_waited_for(sqlite_url, open_url, monkeypatch):
    storage = open_url(sqlite_url, policy=RetryPolicy(deadline_s=600))
    storage.inner.engine.dispose()
    event.listen(storage.inner.engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only=ON"))
    with pytest.raises(optuna.exceptions.StorageInternalError):
        create_study(storage, "never")


def test_what_does_not_answer_is_given_up_soon_and_without_the_password(open_url, monkeypatch):
    monkeypatch.setattr("storage.connection.OPENING", RetryPolicy(deadline_s=0.2))
    for url in ("postgresql://ann:hunter2@127.0.0.1:1/db?password=hunter3", "grpc://127.0.0.1:1"):
        with pytest.raises(StorageUnavailableError, match="does not answer") as caught:
            open_url(url)
        assert "127.0.0.1:1" in caught.value.message
        assert "hunter" not in str(caught.value)


def test_a_database_that_is_not_there_is_said_at_once(postgres, open_url, monkeypatch):
    monkeypatch.setattr("storage.connection.OPENING", RetryPolicy(deadline_s=600))
    with pytest.raises(StorageUnavailableError, match='"nowhere" does not exist'):
        open_url(postgres.uri("nowhere"))


def test_a_socket_in_the_place_of_the_host_is_connected_to(postgres_tables, open_url):
    given = make_url(postgres_tables)
    folder = given.query.get("host")
    if not isinstance(folder, str):
        pytest.skip("this server listens on no socket")
    port = f":{given.query['port']}" if "port" in given.query else ""
    url = f"postgresql+psycopg2://{given.username}@{quote(folder, safe='')}{port}/tables"
    assert isinstance(study_names(open_url(url)), list)


def test_dropped_connections_are_made_anew(postgres, postgres_url, open_url):
    storage = open_url(postgres_url)
    study = create_study(storage, "s")
    for _ in range(3):
        postgres.drop_connections(postgres_url)
        assert find_study(storage, "s").study_id == study.study_id


def test_a_dropped_connection_in_the_middle_of_a_call_is_tried_again(postgres, postgres_url, open_url):
    """The trap: Optuna retries the creation of trials and nothing else."""
    storage = open_url(postgres_url)
    study = create_study(storage, "s")
    cuts = iter([True])

    @event.listens_for(storage.inner.engine, "before_cursor_execute")
    def cut(connection, cursor, statement, *rest):
        if "INSERT" in statement and next(cuts, False):
            postgres.drop_connections(postgres_url)

    study.set("hpo:budget", 5)
    assert next(cuts, "used") == "used"
    assert study.attributes() == {"hpo:budget": 5}


def test_a_storage_that_comes_late_may_be_waited_for(postgres_url, open_url):
    first = server.start_proxy(postgres_url, port=0, threads=2)
    url = f"grpc://127.0.0.1:{first.port}"
    first.stop(grace_s=0)
    with pytest.raises(StorageUnavailableError):
        open_url(url, opening=RetryPolicy(deadline_s=0.1))
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(open_url, url, opening=RetryPolicy(deadline_s=60))
        late = server.start_proxy(postgres_url, port=first.port, threads=2)
        assert opening.result().get_all_studies() == []
    late.stop(grace_s=0)


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


def test_a_proxy_refuses_what_it_cannot_serve(sqlite_url, grpc_url, postgres_url):
    with pytest.raises(StorageError, match="Postgres only"):
        server.start_proxy(sqlite_url)
    with pytest.raises(StorageError, match="cannot listen"):
        server.start_proxy(postgres_url, port=int(grpc_url.rsplit(":", 1)[1]), threads=1)


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
