"""Opening storages: what is made, what is refused, and what happens when one goes away."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial
from sqlalchemy import event, make_url

from storage.database.rdb import Database
from storage.errors import StorageError, StorageUnavailableError
from storage.proxy import server
from storage.retry import RetryPolicy
from storage.studies import create_study, find_study, study_names


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


def test_a_wrong_sqlite_path_makes_no_file(tmp_path, open_url):
    with pytest.raises(StorageError, match="no storage at") as caught:
        open_url(f"sqlite:///{tmp_path}/typo.db")
    assert "create-study" in caught.value.next_step
    assert list(tmp_path.iterdir()) == []


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
