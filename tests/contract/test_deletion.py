"""A study is deleted with all of its rows and nobody else's, in few statements, on every storage."""

import threading

import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import create_engine, event, text

from storage.connection import open_storage
from storage.errors import StorageError
from storage.studies import create_study

TABLES = (
    *("studies", "study_directions", "study_user_attributes", "study_system_attributes", "trials", "trial_params"),
    *("trial_values", "trial_intermediate_values", "trial_user_attributes", "trial_system_attributes"),
)


def fill(storage, name: str, trials: int) -> int:
    study = create_study(storage, name)
    study.set("hpo:budget", trials)
    storage.set_study_system_attr(study.study_id, "note", "n")
    for number in range(trials):
        storage.create_new_trial(study.study_id, finished(number))
    return study.study_id


def finished(number: int) -> FrozenTrial:
    return FrozenTrial(
        number=number,
        state=TrialState.COMPLETE,
        value=0.5,
        datetime_start=None,
        datetime_complete=None,
        params={"x": 0.5},
        distributions={"x": FloatDistribution(0, 1)},
        user_attrs={"hpo:lease": None},
        system_attrs={"a": 1},
        intermediate_values={0: 0.5},
        trial_id=0,
    )


def counted(write_url: str) -> dict[str, int]:
    engine = create_engine(write_url)
    with engine.connect() as connection:
        rows = {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in TABLES}  # noqa: S608
    engine.dispose()
    return rows


@pytest.fixture
def database(url, request) -> str:
    behind = request.getfixturevalue("postgres_url") if url.startswith("grpc") else url
    return behind.replace("postgresql://", "postgresql+psycopg://")


def test_nothing_is_left_of_it_and_nothing_of_others_goes(storage, another, database) -> None:
    before = counted(database)
    kept = another.storage.get_all_trials(another.study_id)
    study_id = fill(storage, "large", 3)
    assert all(counted(database)[table] > before[table] for table in TABLES)
    storage.delete_study(study_id)
    assert counted(database) == before
    assert another.storage.get_all_trials(another.study_id) == kept
    with pytest.raises((KeyError, StorageError)):
        storage.get_all_trials(study_id)


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_as_many_statements_whatever_the_study_s_size(storage) -> None:
    sent: list[str] = []
    event.listen(storage.inner.engine, "before_cursor_execute", lambda *told: sent.append(told[2]))

    def statements(trials: int) -> int:
        study_id = fill(storage, f"of {trials}", trials)
        sent.clear()
        storage.delete_study(study_id)
        return len(sent)

    assert statements(40) == statements(1) < 20


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_who_writes_to_a_trial_meanwhile_finds_it_gone_or_is_waited_for(url, storage, open_url) -> None:
    study_id = fill(storage, "busy", 2)
    trial_id = storage.create_new_trial(study_id)
    other, ended = open_url(url), threading.Event()
    failures: list[Exception] = []

    def write() -> None:
        number = 0
        while not ended.is_set():
            try:
                other.set_trial_user_attr(trial_id, f"key {number}", number)
            except KeyError:
                return
            except Exception as error:
                failures.append(error)
                return
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    storage.delete_study(study_id)
    writer.join(timeout=30)
    ended.set()
    writer.join(timeout=30)
    assert failures == []
    reopened = open_storage(url)
    assert [study.study_name for study in reopened.get_all_studies()] == []
    reopened.close()
