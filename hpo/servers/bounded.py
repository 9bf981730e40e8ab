"""An HTTP server whose threads are bounded, and which does not wait for visitors that say nothing."""

import socket
import socketserver
import sys
import threading
from typing import Any, TextIO, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication

from hpo.printable import PrintableStream

#: Requests at once; a browser makes six.
THREADS = 32
#: Seconds for which a visitor may say nothing in the middle of a request, or not take its answer.
IDLE_S = 15.0
#: Seconds for which a request waits for a thread.
_WAIT_S = 0.5
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class _Handler(WSGIRequestHandler):
    timeout = IDLE_S

    def get_stderr(self) -> TextIO:
        """Where the app tells its faults, which may quote a request."""
        return cast(TextIO, PrintableStream(sys.stderr))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """One line per request would bury everything else, and a link with a token must stand in no log."""


class BoundedServer(socketserver.ThreadingMixIn, WSGIServer):
    """Answers at most so many requests at once; who comes beyond that is told to come again.

    Args:
        host: Name or address to listen on; IPv6 without brackets.
        port: 0 for any free one.
        app: What answers.
        threads: Requests at once.

    Raises:
        OSError: It cannot listen there.
    """

    daemon_threads = True

    def __init__(self, host: str, port: int, app: WSGIApplication, threads: int = THREADS) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._free = threading.BoundedSemaphore(threads)
        super().__init__((host, port), _Handler)
        self.set_app(app)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answers in a thread of its own, where one is free."""
        if not self._free.acquire(timeout=_WAIT_S):
            request.sendall(_BUSY)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answers, and makes room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor that went away, or said nothing for too long, is no fault."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
