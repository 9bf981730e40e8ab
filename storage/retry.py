"""One retry policy with a deadline, put around every call to a storage.

Optuna retries `create_new_trial` only; any other call fails at the first hiccup of the database. Here each
call is tried again while its error is one that passes (a restart, a cut network, a busy file), with growing
pauses.

A call whose answer was lost is sent twice. That is harmless for reads and for setting attributes,
parameters and final states. What is left:

* `claim_trial`: the second try looks first for what the first one claimed, by the lease's token.
* `change_trial` to a final state: the second try meets a finished trial. `TrialQueue.finish` looks whose result stands.
* `change_trial` to WAITING: the second try says that the trial is no longer held, and so it is.
* `change_trial` with a death: it ends the lease as well, so the second try finds another state and adds none.
* `set_hint`: the second try finds what the first one wrote, and takes it for its own.
* `make_trials`: the second try finds that trials wait, or makes what then waits.
* `create_new_study`: the second try says that the study exists, and so it does.

Artifacts in S3 are waited for alike (`storage.artifacts.s3`).
"""

import logging
import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import grpc
from optuna.exceptions import StorageInternalError
from sqlalchemy import exc

from storage.errors import StorageForbiddenError, StorageUnavailableError
from storage.url import redact

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Stands in the message of every StorageUnavailableError of a storage that was tried until the deadline.
DOES_NOT_ANSWER = "does not answer"

_PASSING_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
}
# Classes of SQLSTATE: connection, transaction rollback (deadlock), resources, shutdown and start-up, lock
# wait.
_PASSING_SQLSTATE = ("08", "40", "53", "57", "55P03")
_INSUFFICIENT_PRIVILEGE = "42501"
# libpq gives no SQLSTATE for a refused log-in, only the server's words.
_LASTING_WORDS = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")
_PASSING_GRPC = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


@dataclass(frozen=True)
class RetryPolicy:
    """How long a failing call is tried again.

    Attributes:
        deadline_s: No try starts later than this many seconds after the first.
        first_delay_s: The pause after the first failure; each further pause is twice as long.
        longest_delay_s: The longest pause. Each is drawn between half and all of its length.
    """

    deadline_s: float = 180.0
    first_delay_s: float = 0.05
    longest_delay_s: float = 5.0


#: A storage that does not answer at the start is given up after about this long; later calls wait longer.
OPENING = RetryPolicy(deadline_s=8.0, longest_delay_s=1.0)


def is_passing(error: BaseException) -> bool:
    """Says whether the same call to a database or a proxy may work a little later."""
    if isinstance(error, StorageInternalError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, grpc.RpcError):
        return _is_passing_grpc(error)
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or _is_passing_database(error)
    return isinstance(error, exc.TimeoutError)  # every connection of the pool is in use


def call(
    function: Callable[[], T],
    policy: RetryPolicy,
    shown: str,
    passes: Callable[[BaseException], bool] = is_passing,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Calls until it works, its error is one that stays, or the deadline is over.

    Args:
        function: What to do.
        policy: How long to go on.
        shown: The storage's URL without secrets, for messages.
        passes: Says of an error whether the same call may work a little later.
        clock: Seconds, monotonic.
        sleep: Waits that many seconds.

    Raises:
        StorageUnavailableError: The deadline is over; the last error is its cause.
        StorageForbiddenError: The database's user may not do this.
    """
    start, delay = clock(), policy.first_delay_s
    failed = False
    while True:
        try:
            answer = function()
        except Exception as error:
            if is_forbidden(error):
                raise _forbidden(error, shown) from error
            if not passes(error):
                raise
            pause = delay * random.uniform(0.5, 1.0)
            if clock() - start + pause > policy.deadline_s:
                raise _unavailable(error, shown, clock() - start) from error
            if not failed:
                log.warning("Storage %s: %s. Trying again.", shown, first_line(error))
        else:
            if failed:
                log.warning("Storage %s answers again after %.1f s.", shown, clock() - start)
            return answer
        failed = True
        sleep(pause)
        delay = min(2 * delay, policy.longest_delay_s)


def first_line(error: BaseException) -> str:
    """Returns what went wrong in one line without secrets: the driver's words, not the wrapper's."""
    if isinstance(error, StorageInternalError) and error.__cause__ is not None:
        error = error.__cause__
    words: object = error
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        words = error.orig
    elif isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call):
        words = f"{error.code().name}: {error.details()}"
    lines = str(words).strip().splitlines()
    return redact(lines[0]) if lines else type(error).__name__


def is_forbidden(error: BaseException) -> bool:
    """Says whether the database has refused its user what was asked for."""
    if isinstance(error, StorageInternalError) and error.__cause__ is not None:
        error = error.__cause__
    return isinstance(error, exc.DBAPIError) and getattr(error.orig, "sqlstate", None) == _INSUFFICIENT_PRIVILEGE


def _forbidden(error: BaseException, shown: str) -> StorageForbiddenError:
    return StorageForbiddenError(
        f"The storage {shown} does not allow it: {first_line(error)}.",
        "Use a database user who may do this, or give this one the role of storage/roles.sql that is meant for it.",
    )


def is_too_busy(error: grpc.Call) -> bool:
    """Says whether a proxy has refused a call since it has enough to do (grpc's own words; it has no code for it)."""
    return error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "Concurrent RPC limit" in (error.details() or "")


def _is_passing_grpc(error: grpc.RpcError) -> bool:
    if not isinstance(error, grpc.Call):
        return False
    return error.code() in _PASSING_GRPC or is_too_busy(error)


def _is_passing_database(error: exc.DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        # The low byte is the primary code; sqlite3 adds details above it.
        return (getattr(error.orig, "sqlite_errorcode", 0) & 0xFF) in _PASSING_SQLITE
    if not isinstance(error, exc.OperationalError | exc.InterfaceError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return str(state).startswith(_PASSING_SQLSTATE)
    return not any(words in str(error.orig) for words in _LASTING_WORDS)


def _unavailable(error: BaseException, shown: str, seconds: float) -> StorageUnavailableError:
    return StorageUnavailableError(
        f"The storage {shown} {DOES_NOT_ANSWER} (tried for {seconds:.0f} s): {first_line(error)}.",
        "Check that it is running and can be reached from here, then start again; nothing is lost.",
    )
