"""`hpo proxy`: Optuna's gRPC service in front of Postgres, for fleets with more workers than connections.

The service is Optuna's, and beside it that of `storage.proxy.calls`; the server around them is made here, because
Optuna's own offers no way to stop it, takes a port that another proxy holds, and drops clients that ping a slow call.
Whoever may call it reads and writes every study: those who show the token, or everyone who reaches the port where
there is none. What a call may ask for is bounded (`storage.proxy.guard`).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import grpc
from optuna.storages._grpc.auto_generated import api_pb2_grpc
from optuna.storages._grpc.servicer import OptunaStorageProxyService

from storage.connection import open_storage
from storage.errors import StorageError
from storage.proxy import calls
from storage.proxy.access import Token
from storage.proxy.guard import Guard
from storage.proxy.limits import MOST_BYTES
from storage.retry import RetryPolicy
from storage.retrying_storage import RetryingStorage
from storage.url import parse_url

DEFAULT_PORT = 13000
#: A call is tried again for this long before its client is told; the client goes on trying.
BEHIND_THE_PROXY = RetryPolicy(deadline_s=20.0)
#: Calls that wait or are done at once; a worker has about two.
_MOST_CALLS = 10_000
#: Seconds for the server to see to the calls that it has cut off.
_LAST_S = 2.0
_SERVER_OPTIONS = [
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
]


@dataclass(frozen=True)
class Proxy:
    """A proxy that listens.

    Attributes:
        host: The address it listens on.
        port: The port it listens on.
    """

    host: str
    port: int
    server: grpc.Server = field(repr=False)
    storage: RetryingStorage = field(repr=False)
    guard: Guard = field(repr=False)

    def stop(self, grace_s: float = 5.0) -> bool:
        """Takes no more calls, lets those in work end, and stops.

        Args:
            grace_s: Seconds that they get; their callers are told of an outage then, and try again.

        Returns:
            Whether all have ended. A thread of one that has not may wait for the database for long yet.
        """
        self.server.stop(grace_s).wait(grace_s + _LAST_S)
        self.storage.close()
        return self.guard.at_work == 0


def start_proxy(
    url: str,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    threads: int = 32,
    *,
    token: Token | None = None,
    tls: grpc.ServerCredentials | None = None,
) -> Proxy:
    """Starts a proxy in this process.

    Args:
        url: The Postgres behind it.
        host: The address to listen on; anything but loopback lets others in.
        port: The port to listen on; 0 takes a free one.
        threads: Calls that are served at once, each with a connection to Postgres.
        token: What callers must show; None lets everyone call who reaches the port.
        tls: The proxy's certificate and key; None for a way without encryption.

    Raises:
        StorageError: Not a Postgres, or the port is taken.
        StorageUnavailableError: Postgres does not answer.
    """
    if parse_url(url).kind != "postgresql":
        raise StorageError(
            "The proxy serves Postgres only.", "Workers open a SQLite file directly; for a fleet use Postgres."
        )
    storage = open_storage(url, pool_size=threads, policy=BEHIND_THE_PROXY)
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="proxy")
    guard = Guard(token)
    server = grpc.server(pool, interceptors=(guard,), options=_SERVER_OPTIONS, maximum_concurrent_rpcs=_MOST_CALLS)
    service = OptunaStorageProxyService(storage)
    api_pb2_grpc.add_StorageServiceServicer_to_server(service, server)  # type: ignore[no-untyped-call]
    server.add_generic_rpc_handlers((calls.service(storage.ledger),))
    try:
        address = f"{host}:{port}"
        bound = server.add_insecure_port(address) if tls is None else server.add_secure_port(address, tls)
    except RuntimeError as error:
        storage.close()
        raise StorageError(
            f"The proxy cannot listen on {host}:{port}.", "Is the port taken? Choose another with --port."
        ) from error
    server.start()
    return Proxy(host, bound, server, storage, guard)
