"""optuna-dashboard on our storage, in this process: the storage's URL appears in no argument list."""

import socketserver
import warnings
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import optuna_dashboard

from hpo.errors import HpoError
from hpo.signals import on_stop
from hpo.study.address import StudyAddress
from hpo.terminal import say
from storage.artifacts import open_artifacts
from storage.artifacts.dashboard import DashboardArtifacts
from storage.connection import open_storage

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """One line per request would bury everything else."""


def serve(address: StudyAddress, host: str, port: int) -> None:
    """Serves until asked to stop, which is how a dashboard ends well.

    Raises:
        HpoError: The port is taken.
        StorageError: The storage does not answer.
    """
    app = optuna_dashboard.wsgi(
        open_storage(address.storage),
        artifact_store=DashboardArtifacts(open_artifacts(address.artifact_location)),
    )
    try:
        server = make_server(host, port, app, server_class=_Server, handler_class=_Quiet)
    except OSError as error:
        raise HpoError(
            f"The dashboard cannot listen on {host}:{port}: {error.strerror}.", "Choose another --port."
        ) from error
    if host not in LOOPBACK:
        say("Warning: optuna-dashboard has no log-in; whoever reaches this address can read and change studies.")
    # Drawing importances of few trials, Optuna warns on our stderr; who looks at the page sees how few there are.
    warnings.filterwarnings("ignore", category=UserWarning, module="optuna")
    with server, on_stop() as stop:
        print(f"http://{host}:{server.server_port}/dashboard/", flush=True)
        say("Ctrl-C stops it.")
        server.timeout = 0.5
        while not stop:
            server.handle_request()
