"""The client of `hpo proxy`: Optuna's, with deadlines, and with the ledger of `storage.proxy.calls`.

Optuna's client waits for ever for an answer that a cut network has swallowed. Here each call has a time
limit, and the channel notices a dead connection by itself. A call that the proxy refuses is told with what to do.
"""

import os
import warnings
from collections.abc import Callable, Container, Mapping
from typing import Any, NamedTuple

import grpc
from optuna.exceptions import ExperimentalWarning
from optuna.storages import GrpcStorageProxy
from optuna.storages._grpc.auto_generated import api_pb2_grpc
from optuna.storages._grpc.client import GrpcClientCache
from optuna.trial import FrozenTrial, TrialState

from storage.errors import StorageError, StorageForbiddenError, StorageUnavailableError
from storage.proxy.access import CA, TOKEN, TOKEN_FILE, Caller
from storage.proxy.calls import ledger_behind
from storage.retry import DOES_NOT_ANSWER, first_line, is_too_busy
from storage.trials.by_number import by_number
from storage.url import StorageUrl, redact

#: Longer than the proxy itself tries to reach the database, so that its word on the matter arrives.
CALL_TIMEOUT_S = 60.0
_CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_reconnect_backoff_ms", 5_000),
]


_REFUSALS = {
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.INTERNAL,
}
_NOT_OVER_TLS = (
    "Start it with: hpo proxy --storage postgresql://... and check host and port. If it was started with --tls-cert, "
    f"set {CA} to the certificate of its authority."
)
_NOT_OVER_THIS_TLS = (
    f"Check host and port, that it was started with --tls-cert, and that an authority in the file of {CA} has signed "
    "its certificate for this host."
)


class _Details(NamedTuple):
    """What grpc asks of a call's details; it offers no class of its own to fill in."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class _Calls(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]  # grpc has no types
    """Gives every call the token, and the time limit that Optuna's client leaves out; tells what was refused."""

    def __init__(self, shown: str, caller: Caller) -> None:
        self._shown = shown
        self._metadata = caller.token.metadata if caller.token else None

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        ours = _Details(details.method, CALL_TIMEOUT_S, self._metadata, details.credentials, None, details.compression)
        call = continuation(ours, request)
        # Optuna's client makes a ValueError of this one; to all else it is a fault.
        is_optuna_s = details.method.endswith("/SetTrialParameter")
        if call.code() in _REFUSALS and not is_optuna_s and not is_too_busy(call):
            raise _refused(self._shown, call)
        return call


def _refused(shown: str, call: grpc.Call) -> StorageError:
    if call.code() == grpc.StatusCode.UNAUTHENTICATED:
        return StorageError(
            f"The proxy {shown} lets nobody in without its token: {call.details()}.",
            f"Set {TOKEN}, or {TOKEN_FILE} to a file that holds it, to the token that `hpo proxy` was started with.",
        )
    refused = f"The proxy {shown} refused a call: {redact(call.details() or call.code().name).rstrip('.')}."
    if call.code() == grpc.StatusCode.PERMISSION_DENIED:
        return StorageForbiddenError(
            refused, "Start the proxy as a database user who may do this: storage/roles.sql has a role for each use."
        )
    return StorageError(refused, "Look into the proxy's log; nothing was written.")


class _Cache(GrpcClientCache):
    """Optuna's cache of the trials that a client has read, listing faster."""

    def get_all_trials(self, study_id: int, states: Container[TrialState] | None) -> list[FrozenTrial]:
        with self.lock:
            self._read_trials_from_remote_storage(study_id)
            return by_number(self.studies[study_id].trials, states)


class ProxyStorage(GrpcStorageProxy):
    """Optuna's proxy client whose calls end (source: optuna 5.0.0, storages/_grpc/client.py, `_setup`).

    Args:
        host: The proxy's host.
        port: Its port.
        caller: What to show, and whom to speak to.

    Attributes:
        ledger: That of the storage behind the proxy.
    """

    def __init__(self, *, host: str, port: int, caller: Caller) -> None:
        self._caller = caller
        super().__init__(host=host, port=port)

    def _setup(self) -> None:
        address = f"{self._host}:{self._port}"
        channel = self._caller.channel(address, _CHANNEL_OPTIONS)
        self._channel = channel
        limited = grpc.intercept_channel(channel, _Calls(f"grpc://{address}", self._caller))
        self._stub = api_pb2_grpc.StorageServiceStub(limited)  # type: ignore[no-untyped-call]
        self._cache = _Cache(self._stub)
        self.ledger = ledger_behind(limited)

    def wait_server_ready(self, timeout: float | None = None) -> None:
        """Waits over the channel that is used later; Optuna's makes one without TLS.

        Raises:
            ConnectionError: It did not answer in time; its words say why, as far as grpc knows.
        """
        try:
            grpc.channel_ready_future(self._channel).result(timeout=timeout)
        except grpc.FutureTimeoutError as error:
            raise ConnectionError(self._why_not()) from error

    def _why_not(self) -> str:
        try:
            self._channel.unary_unary("/hpo.Nobody/Asks")(b"", timeout=1.0)
        except grpc.RpcError as error:
            return first_line(error)
        return ""


def open_proxy(target: StorageUrl, timeout_s: float, environment: Mapping[str, str] = os.environ) -> ProxyStorage:
    """Connects to the proxy.

    Args:
        target: Where it listens.
        timeout_s: So long it may take to answer.
        environment: Holds what to show, and whom to speak to (`storage.proxy.access`).

    Raises:
        StorageError: What the environment names cannot be used.
        StorageUnavailableError: It did not answer in time.
    """
    caller = Caller.from_environment(environment)
    with warnings.catch_warnings():
        # The client is pinned with Optuna's version and the contract tests run over it.
        warnings.simplefilter("ignore", ExperimentalWarning)
        storage = ProxyStorage(host=target.host, port=target.port, caller=caller)
    try:
        storage.wait_server_ready(timeout=timeout_s)
    except ConnectionError as error:
        storage.close()
        raise StorageUnavailableError(
            f"The proxy {target.shown} {DOES_NOT_ANSWER} (tried for {timeout_s:.0f} s): {error}.",
            _NOT_OVER_TLS if caller.authorities is None else _NOT_OVER_THIS_TLS,
        ) from error
    return storage
