"""A dashboard behind its gate, asked with real requests on loopback."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from wsgiref.types import WSGIApplication

import optuna
import optuna_dashboard
import pytest

from hpo.servers.bounded import BoundedServer
from hpo.servers.dashboard import Visitors, guarded
from hpo.servers.token import Token
from storage.artifacts import open_artifacts
from storage.artifacts.dashboard import DashboardArtifacts, attach

Serving = Callable[..., AbstractContextManager[int]]


@dataclass(frozen=True)
class Answer:
    """What a visitor got."""

    status: int
    headers: Message
    body: str


@pytest.fixture(scope="package")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> WSGIApplication:
    """optuna-dashboard with a study and three artifacts."""
    storage = optuna.storages.InMemoryStorage()
    optuna.create_study(storage=storage, study_name="genes")
    store = open_artifacts(str(tmp_path_factory.mktemp("artifacts")))
    for name, kind in (("page.html", "text/html"), ("drawing.svg", "image/svg+xml"), ("plot.png", "image/png")):
        attach(storage, 0, store, name, kind, b"<script>alert(1)</script>")
    app: WSGIApplication = optuna_dashboard.wsgi(storage, artifact_store=DashboardArtifacts(store))
    return app


@pytest.fixture(scope="package")
def serving() -> Serving:
    """A server in a thread of its own; gives its port."""

    @contextmanager
    def serve(app: WSGIApplication, host: str = "127.0.0.1", threads: int = 32) -> Iterator[int]:
        with BoundedServer(host, 0, app, threads) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield server.server_port
            finally:
                server.shutdown()
                thread.join()

    return serve


@pytest.fixture(scope="package")
def ask(dashboard: WSGIApplication, serving: Serving) -> Callable[..., Answer]:
    """Sends one request to a dashboard of the test's own options; PORT in a header becomes its port."""

    def send(
        method: str,
        path: str,
        body: str | None = None,
        *,
        token: str | None = None,
        host: str = "127.0.0.1",
        visitors: Visitors | None = None,
        **headers: str,
    ) -> Answer:
        given = Token(token, is_new=False) if token else None
        with serving(guarded(dashboard, host, given, visitors or Visitors())) as port:
            connection = HTTPConnection("127.0.0.1", port, timeout=20)
            told = {name.replace("_", "-"): value.replace("PORT", str(port)) for name, value in headers.items()}
            connection.request(method, path, body, {"Content-Type": "application/json"} | told)
            answer = connection.getresponse()
            got = Answer(answer.status, answer.headers, answer.read().decode())
            connection.close()
        return got

    return send
