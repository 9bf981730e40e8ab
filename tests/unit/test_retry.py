"""The retry policy: what is tried again, how long, and what the user is told."""

import inspect
import sqlite3

import optuna
import psycopg
import pytest
from optuna.exceptions import StorageInternalError
from optuna.storages import InMemoryStorage
from sqlalchemy import exc

from storage.errors import StorageUnavailableError
from storage.retry import RetryPolicy, call, is_passing
from storage.retrying_storage import RetryingStorage, with_policy
from storage.trials.forwarding import VERBS, forwarding_ledger
from storage.trials.ledger import TrialLedger

SHOWN = "postgresql://ann:***@db/hpo"


class Time:
    """A clock that moves only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)


def wrapped(orig: Exception, kind: type[exc.DBAPIError] = exc.OperationalError) -> StorageInternalError:
    """An error of the driver as it leaves Optuna."""
    error = StorageInternalError("An exception is raised during the commit.")
    error.__cause__ = kind("SELECT 1", {}, orig)
    return error


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as sqlite says it")
    error.sqlite_errorcode = code
    return error


def failing(times: int, error: Exception):
    left = iter(range(times))

    def function():
        if next(left, None) is not None:
            raise error
        return "answer"

    return function


def attempt(function, time: Time, policy: RetryPolicy = RetryPolicy()):
    return call(function, policy, SHOWN, clock=lambda: time.now, sleep=time.sleep)


def test_an_error_that_passes_is_waited_out_with_growing_pauses():
    time = Time()
    policy = RetryPolicy(deadline_s=600, first_delay_s=1, longest_delay_s=8)
    assert attempt(failing(6, wrapped(psycopg.OperationalError("gone"))), time, policy) == "answer"
    for pause, longest in zip(time.pauses, [1, 2, 4, 8, 8, 8], strict=True):
        assert longest / 2 <= pause <= longest


def test_an_outage_of_a_minute_is_survived_by_default():
    time = Time()

    def away_for_a_minute():
        if time.now < 60:
            raise wrapped(psycopg.OperationalError("gone"))
        return "answer"

    assert attempt(away_for_a_minute, time) == "answer"


def test_after_the_deadline_the_last_error_is_told_without_secrets():
    time = Time()
    error = wrapped(psycopg.OperationalError("no route to postgresql://ann:SECRET@db/hpo\nsecond line"))
    with pytest.raises(StorageUnavailableError, match="does not answer") as caught:
        attempt(failing(10**9, error), time, RetryPolicy(deadline_s=30))
    assert time.now <= 30
    assert SHOWN in caught.value.message
    assert "no route" in caught.value.message
    assert "SECRET" not in str(caught.value)
    assert "second line" not in str(caught.value)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        wrapped(sqlite_error(sqlite3.SQLITE_BUSY)),
        wrapped(sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT)),
        wrapped(sqlite_error(sqlite3.SQLITE_FULL)),
        wrapped(psycopg.errors.AdminShutdown("terminating connection")),
        wrapped(psycopg.errors.CannotConnectNow("the database system is starting up")),
        wrapped(psycopg.errors.DeadlockDetected("deadlock")),
        wrapped(psycopg.errors.TooManyConnections("too many clients")),
        wrapped(psycopg.OperationalError("server closed the connection unexpectedly")),
        wrapped(psycopg.InterfaceError("the connection is closed"), exc.InterfaceError),
        exc.TimeoutError("QueuePool limit reached"),
    ],
)
def test_what_passes(error):
    assert is_passing(error)


@pytest.mark.parametrize(
    "error",
    [
        wrapped(sqlite_error(sqlite3.SQLITE_READONLY)),
        wrapped(sqlite_error(sqlite3.SQLITE_ERROR)),
        wrapped(sqlite_error(sqlite3.SQLITE_NOTADB), exc.DatabaseError),
        wrapped(psycopg.OperationalError('FATAL: password authentication failed for user "ann"')),
        wrapped(psycopg.errors.UndefinedTable("no table"), exc.ProgrammingError),
        wrapped(psycopg.errors.UniqueViolation("twice"), exc.IntegrityError),
        StorageInternalError("without a cause"),
        KeyError("no such trial"),
        optuna.exceptions.UpdateFinishedTrialError("finished"),
    ],
)
def test_what_stays_is_raised_at_once(error):
    time = Time()
    with pytest.raises(type(error)):
        attempt(failing(1, error), time)
    assert time.pauses == []


def test_every_method_of_a_storage_is_retried():
    """A method that Optuna adds and we forget would go unretried."""
    inherited = {
        name
        for name in dir(optuna.storages.BaseStorage)
        if not name.startswith("_") and getattr(RetryingStorage, name) is getattr(optuna.storages.BaseStorage, name)
    }
    # These are made of others by the base class, or touch no storage.
    assert inherited == {
        "check_trial_is_updatable",
        "get_n_trials",
        "get_trial_number_from_id",
        "get_trial_param",
        "get_trial_params",
        "get_trial_system_attrs",
        "get_trial_user_attrs",
    }


class Ledger:
    """Fails once at each verb; remembers what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.ledger = forwarding_ledger(self.answer)

    def answer(self, verb: str, arguments: dict[str, object]) -> str:
        self.asked.append((verb, arguments))
        if [asked for asked, _ in self.asked].count(verb) == 1:
            raise wrapped(psycopg.OperationalError("gone"))
        return f"answer to {verb}"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_the_ledger_is_retried_and_a_claim_says_so(verb):
    inner = Ledger()
    storage = RetryingStorage(InMemoryStorage(), inner.ledger, "memory", RetryPolicy(first_delay_s=0))
    parameters = inspect.signature(getattr(storage.ledger, verb)).parameters
    arguments = {name: "value" for name in parameters if name != "again"}
    assert getattr(storage.ledger, verb)(*arguments.values()) == f"answer to {verb}"
    again = {"again": True} if verb == "claim_trial" else {}
    assert inner.asked == [(verb, arguments), (verb, arguments | again)]


def test_a_ledger_that_passes_on_takes_what_each_verb_takes():
    assert set(VERBS) == TrialLedger.__abstractmethods__
    with pytest.raises(TypeError, match="budget"):
        Ledger().ledger.count_trials(1)


def test_the_same_storage_may_be_asked_with_less_patience():
    patient = RetryingStorage(InMemoryStorage(), Ledger().ledger, "memory", RetryPolicy())
    hasty = with_policy(patient, RetryPolicy(deadline_s=1))
    assert (hasty.inner, hasty.inner_ledger) == (patient.inner, patient.inner_ledger)
    assert hasty.policy.deadline_s == 1
