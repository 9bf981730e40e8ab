"""The client of `hpo proxy`: Optuna's, with deadlines, and with the ledger of `storage.proxy.calls`.

Optuna's client waits for ever for an answer that a cut network has swallowed. Here each call has a time
limit, and the channel notices a dead connection by itself.
"""

import warnings
from collections.abc import Callable, Container
from typing import Any, NamedTuple

import grpc
from optuna.exceptions import ExperimentalWarning
from optuna.storages import GrpcStorageProxy
from optuna.storages._grpc.auto_generated import api_pb2_grpc
from optuna.storages._grpc.client import GrpcClientCache
from optuna.trial import FrozenTrial, TrialState

from storage.errors import StorageUnavailableError
from storage.proxy.calls import ledger_behind
from storage.retry import DOES_NOT_ANSWER
from storage.trials.by_number import by_number
from storage.url import StorageUrl

#: Longer than the proxy itself tries to reach the database, so that its word on the matter arrives.
CALL_TIMEOUT_S = 60.0
_CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_reconnect_backoff_ms", 5_000),
]


class _Details(NamedTuple):
    """What grpc asks of a call's details; it offers no class of its own to fill in."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class _Deadline(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]  # grpc has no types
    """Gives every call the time limit that Optuna's client leaves out."""

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        limited = _Details(
            details.method, CALL_TIMEOUT_S, details.metadata, details.credentials, None, details.compression
        )
        return continuation(limited, request)


class _Cache(GrpcClientCache):
    """Optuna's cache of the trials that a client has read, listing faster."""

    def get_all_trials(self, study_id: int, states: Container[TrialState] | None) -> list[FrozenTrial]:
        with self.lock:
            self._read_trials_from_remote_storage(study_id)
            return by_number(self.studies[study_id].trials, states)


class ProxyStorage(GrpcStorageProxy):
    """Optuna's proxy client whose calls end (source: optuna 5.0.0, storages/_grpc/client.py, `_setup`).

    Attributes:
        ledger: That of the storage behind the proxy.
    """

    def _setup(self) -> None:
        channel = grpc.insecure_channel(f"{self._host}:{self._port}", options=_CHANNEL_OPTIONS)
        self._channel = channel
        limited = grpc.intercept_channel(channel, _Deadline())
        self._stub = api_pb2_grpc.StorageServiceStub(limited)  # type: ignore[no-untyped-call]
        self._cache = _Cache(self._stub)
        self.ledger = ledger_behind(limited)


def open_proxy(target: StorageUrl, timeout_s: float) -> ProxyStorage:
    """Connects to the proxy.

    Raises:
        StorageUnavailableError: It did not answer in time.
    """
    with warnings.catch_warnings():
        # The client is pinned with Optuna's version and the contract tests run over it.
        warnings.simplefilter("ignore", ExperimentalWarning)
        storage = ProxyStorage(host=target.host, port=target.port)
    try:
        storage.wait_server_ready(timeout=timeout_s)
    except ConnectionError as error:
        storage.close()
        raise StorageUnavailableError(
            f"The proxy {target.shown} {DOES_NOT_ANSWER} (tried for {timeout_s:.0f} s).",
            "Start it with: hpo proxy --storage postgresql://... and check host and port.",
        ) from error
    return storage
