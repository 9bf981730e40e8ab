"""optuna-dashboard on our storage, in this process: the storage's URL appears in no argument list."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from wsgiref.types import WSGIApplication

import optuna_dashboard

from hpo.errors import HpoError
from hpo.servers.admission import Admission, is_loopback
from hpo.servers.base_path import BasePath, checked_base_path
from hpo.servers.bounded import BoundedServer
from hpo.servers.gate import Gate
from hpo.servers.long_words import LongWords
from hpo.servers.token import Token, token_for
from hpo.signals import on_stop
from hpo.study.address import StudyAddress
from hpo.terminal import say
from storage.artifacts import open_artifacts
from storage.artifacts.dashboard import DashboardArtifacts
from storage.connection import open_storage


@dataclass(frozen=True, kw_only=True)
class Visitors:
    """Who may use the dashboard, as the command line says it."""

    #: Further names under which it is reached.
    allowed_hosts: tuple[str, ...] = ()
    #: Ask for a token, or not; None where that follows from the address.
    token: bool | None = None
    token_file: Path | None = None
    read_only: bool = False
    base_path: str = ""


def serve(address: StudyAddress, host: str, port: int, visitors: Visitors) -> None:
    """Serves until asked to stop, which is how a dashboard ends well.

    Raises:
        UsageError: The token or the base path cannot be used.
        HpoError: The port is taken.
        StorageError: The storage does not answer.
    """
    host, beyond = host.strip("[]"), not is_loopback(host.strip("[]"))
    base = checked_base_path(visitors.base_path)
    token = token_for(visitors.token, visitors.token_file, beyond, os.environ)
    app = guarded(_dashboard(address), host, token, visitors)
    try:
        server = BoundedServer(host, port, app)
    except OSError as error:
        raise HpoError(
            f"The dashboard cannot listen on {host}:{port}: {error.strerror}.", "Choose another --host or --port."
        ) from error
    if beyond and token is None:
        say("Warning: without a token, whoever reaches this address can read and change studies.")
    # Drawing importances of few trials, Optuna warns on our stderr; who looks at the page sees how few there are.
    warnings.filterwarnings("ignore", category=UserWarning, module="optuna")
    with server, on_stop() as stop:
        print(_link(host, server.server_port, base, token), flush=True)
        say("Ctrl-C stops it.")
        server.timeout = 0.5
        while not stop:
            server.handle_request()


def guarded(app: WSGIApplication, host: str, token: Token | None, visitors: Visitors) -> WSGIApplication:
    """Returns the app behind its gate, and below its base path."""
    admission = Admission(
        host=host,
        allowed_hosts=visitors.allowed_hosts,
        token=token.text if token else None,
        read_only=visitors.read_only,
    )
    gate = Gate(app, admission)
    base = checked_base_path(visitors.base_path)
    return BasePath(gate, base) if base else gate


def _dashboard(address: StudyAddress) -> WSGIApplication:
    return LongWords(
        optuna_dashboard.wsgi(
            open_storage(address.storage),
            artifact_store=DashboardArtifacts(open_artifacts(address.artifact_location)),
        )
    )


def _link(host: str, port: int, base: str, token: Token | None) -> str:
    """Tells a token only where it was made here: one that was given is known, and may not belong into a log."""
    shown = f"[{host}]" if ":" in host else host
    query = f"?token={token.text}" if token and token.is_new else ""
    return f"http://{shown}:{port}{base}/dashboard/{query}"
