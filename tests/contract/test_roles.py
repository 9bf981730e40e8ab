"""Least rights: users of Postgres with the roles of `storage/roles.sql` can do what they are for, and nothing else."""

from collections.abc import Callable, Iterator

import optuna
import psycopg
import pytest
from optuna.trial import TrialState

from database_roles import database_with_roles
from storage.errors import StorageError, StorageForbiddenError
from storage.proxy.server import start_proxy
from storage.studies import create_study, find_study
from storage.trials.heartbeat import Heartbeat
from storage.trials.ledger import TrialChange
from storage.trials.queue import TrialQueue
from storage.trials.stale import StaleWatch

BUDGET = 3


@pytest.fixture(scope="module")
def url_of(postgres) -> Iterator[Callable[[str], str]]:
    with database_with_roles(postgres, "roles") as url_of:
        with psycopg.connect(postgres.uri("roles")) as connection:
            connection.execute("CREATE SCHEMA private; CREATE TABLE private.others (secret text)")
        yield url_of


@pytest.fixture
def study(url_of, open_url):
    """A study, made by a user who may make studies; nobody else's tests stand in the database."""
    handle = create_study(open_url(url_of("hpo_studies"), create=True), "s")
    yield handle
    handle.storage.delete_study(handle.study_id)


def test_a_worker_claims_records_and_finishes(study, url_of, open_url, worker):
    storage = open_url(url_of("hpo_worker"))
    queue = TrialQueue(storage, find_study(storage, "s").study_id)
    for number in range(BUDGET):
        claim = queue.claim(worker(), BUDGET)
        Heartbeat(queue, claim).beat()
        trial = optuna.trial.Trial(optuna.load_study(study_name="s", storage=storage), claim.trial_id)
        x = trial.suggest_float("x", 0, 1)
        queue.record(claim, TrialChange({"hpo:fold:0": {"accuracy": x}}, steps={0: x}))
        queue.record(claim, TrialChange({"hpo:fold:0": {"accuracy": x}}, steps={0: x}))  # over what is there
        assert storage.ledger.set_hint(claim.trial_id, 1, None, {"worker": "w2"})
        queue.finish(claim, (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)[number], x, reason="told")
    assert queue.claim(worker(), BUDGET) is None
    counts = queue.counts(BUDGET)
    assert (counts.complete, counts.pruned, counts.failed) == (1, 1, 1)


def test_a_worker_takes_the_trial_of_a_dead_one_back(study, url_of, open_url, worker):
    storage = open_url(url_of("hpo_worker"))
    queue = TrialQueue(storage, study.study_id)
    queue.claim(worker("dead"), BUDGET)
    assert StaleWatch(queue).release_dead("dead", BUDGET) == [0]
    assert queue.claim(worker("w2"), BUDGET).number == 0


@pytest.mark.parametrize("role", ["hpo_reader", "hpo_worker", "hpo_studies"])
@pytest.mark.parametrize(
    "sql",
    [
        *("DROP TABLE trials", "DROP SCHEMA public", "DROP DATABASE roles", "TRUNCATE trials CASCADE"),
        *("ALTER TABLE trials ADD x int", "CREATE TABLE mine (x int)", "CREATE SCHEMA mine", "CREATE ROLE mine"),
        *("SELECT * FROM private.others", "INSERT INTO private.others VALUES ('x')"),
        *("UPDATE alembic_version SET version_num = 'x'", "GRANT hpo_studies TO CURRENT_USER"),
    ],
)
def test_nobody_touches_the_tables_themselves_or_other_schemas(role, sql, study, url_of):
    forbidden(url_of(role), sql)


@pytest.mark.parametrize(
    "sql",
    [
        *("DELETE FROM trials", "DELETE FROM studies", "UPDATE studies SET study_name = 'x'"),
        *("INSERT INTO studies (study_name) VALUES ('x')", "UPDATE study_user_attributes SET value_json = '1'"),
        *("DELETE FROM trial_user_attributes", "UPDATE study_directions SET objective = 1"),
    ],
)
@pytest.mark.parametrize("role", ["hpo_reader", "hpo_worker"])
def test_a_worker_changes_no_study_and_removes_nothing(role, sql, study, url_of):
    forbidden(url_of(role), sql)


def test_the_one_column_that_a_worker_may_write_cannot_be_changed(study, url_of):
    with psycopg.connect(url_of("hpo_worker")) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute("UPDATE studies SET study_id = study_id + 1000")


def test_a_reader_writes_nothing_and_is_told_why(study, url_of, open_url, worker):
    storage = open_url(url_of("hpo_reader"))
    queue = TrialQueue(storage, study.study_id)
    assert queue.counts(BUDGET).complete == 0
    assert storage.ledger.overview(study.study_id, BUDGET).best_id is None
    for write in (lambda: queue.claim(worker(), BUDGET), lambda: study_of(storage).set("hpo:paused", True)):
        with pytest.raises(StorageError, match="permission denied for table") as caught:
            write()
        assert "storage/roles.sql" in caught.value.next_step
    for sql in ("UPDATE trials SET number = 7", "DELETE FROM trials", "SELECT * FROM studies FOR UPDATE"):
        forbidden(url_of("hpo_reader"), sql)


def test_a_worker_behind_a_proxy_is_told_alike_what_it_may_not_do(study, url_of, open_url):
    proxy = start_proxy(url_of("hpo_worker"), port=0, threads=4)
    try:
        for url in (url_of("hpo_worker"), f"grpc://127.0.0.1:{proxy.port}"):
            with pytest.raises(StorageForbiddenError, match="permission denied for table") as caught:
                study_of(open_url(url)).set("hpo:budget", 1)
            assert "storage/roles.sql" in caught.value.next_step
    finally:
        proxy.stop(grace_s=0)


def study_of(storage):
    return find_study(storage, "s")


def forbidden(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(sql)
