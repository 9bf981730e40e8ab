"""The dashboard's page keeps to the window: optuna-dashboard 0.21.0 makes it as wide as an attribute's longest word.

A contract holds the ancestor of all genes in one word, and an answer the hashes of its files.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hpo.servers.served import Headers

#: The page's own policy allows styles in it.
_STYLE = b"<style>td { overflow-wrap: anywhere }</style></head>"


class LongWords:
    """An app whose page breaks long words in tables.

    Args:
        app: optuna-dashboard.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request."""
        if not environ["PATH_INFO"].startswith("/dashboard") or environ["REQUEST_METHOD"] != "GET":
            return self._app(environ, start_response)
        told: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, exc_info: object = None) -> object:
            told.append((status, headers))
            return None

        # The whole page: a part of it could not be changed.
        whole = {name: value for name, value in environ.items() if name != "HTTP_RANGE"}
        parts = self._app(whole, start)  # type: ignore[arg-type]  # no WSGI writer: nothing here calls it
        try:
            body = b"".join(parts).replace(b"</head>", _STYLE, 1)
        finally:
            getattr(parts, "close", lambda: None)()  # as PEP 3333 asks of whoever reads an answer
        status, headers = told[-1]
        others = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*others, ("Content-Length", str(len(body)))] if body else headers)
        return [body]
