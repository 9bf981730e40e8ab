"""TLS in front of a Postgres that was built without: the way to it is libpq's own, and so is what libpq checks."""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from certificates import Certificates

#: A client's first words, before it says who it is: may we speak TLS?
_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


@contextmanager
def tls_in_front_of(socket_path: str, certificates: Certificates) -> Iterator[int]:
    """Serves TLS on a port of this machine, and passes what is said to the socket of a Postgres; yields the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert, certificates.key)
    listener = socket.create_server(("0.0.0.0", 0))  # noqa: S104 - 127.0.0.2 as well, for a wrong name
    threads: list[threading.Thread] = []

    def accept() -> None:
        with contextlib.suppress(OSError):  # the listener was shut down
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=_serve, args=(connection, context, socket_path)))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *threads):
            thread.join(timeout=30)
            assert not thread.is_alive(), "a connection was left open"


def _serve(connection: socket.socket, context: ssl.SSLContext, socket_path: str) -> None:
    with contextlib.suppress(OSError), connection:
        connection.settimeout(20)
        if connection.recv(8, socket.MSG_WAITALL) != _SSL_REQUEST:
            return
        connection.sendall(b"S")
        with (
            context.wrap_socket(connection, server_side=True) as client,
            socket.socket(socket.AF_UNIX) as database,
        ):
            database.connect(socket_path)
            _pass_on(client, database)


def _pass_on(client: ssl.SSLSocket, database: socket.socket) -> None:
    others = {client: database, database: client}
    while True:
        # What was decrypted already is seen by no select.
        readable = [client] if client.pending() else select.select([client, database], [], [], 60)[0]
        if not readable:
            return
        for source in readable:
            data = source.recv(65_536)
            if not data:
                return
            others[source].sendall(data)
