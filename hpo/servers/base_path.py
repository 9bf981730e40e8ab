"""The dashboard under a path of a proxy's, such as https://host/hpo/: optuna-dashboard 0.21.0 knows only the root.

What it serves names its own paths in few places; each gets the base path before it. A note that is edited below a base
path keeps the paths of its pictures with it.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hpo.errors import UsageError
from hpo.servers.served import Headers

_BASE = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
#: What stands before a path in the page, in its script, and in the Markdown of notes; and how the path begins.
PLACES: tuple[tuple[bytes, bytes], ...] = (
    (b'src="', b"/static/"),
    (b'action="', b"/incompatible-rdb-schema"),
    (b"${this.baseURL}", b"/api/"),
    (b'url_prefix:"', b"/dashboard"),
    (b"${e}", b"/artifacts/"),
    (b"`", b"/artifacts/"),
    (b"(", b"/artifacts/"),
    (b"`", b"/csv/"),
)
_REWRITTEN = ("text/html", "text/javascript", "application/javascript", "application/json")
#: Headers of a request that ask for less than the whole, which could not be rewritten.
_PARTIAL = ("HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH")


def checked_base_path(base_path: str) -> str:
    """Returns the base path without a slash at its end; "" for the root.

    Raises:
        UsageError: It is no path.
    """
    base = base_path.rstrip("/")
    if base and not _BASE.fullmatch(base):
        raise UsageError(
            f"--base-path is {base_path!r}; it begins with / and has letters, digits and . _ ~ - between slashes.",
            "For https://host/hpo/ it is --base-path /hpo.",
        )
    return base


class BasePath:
    """An app below a base path, whether the proxy in front takes the path away or leaves it.

    Args:
        app: That believes to be at the root.
        base: From `checked_base_path`.
    """

    def __init__(self, app: WSGIApplication, base: str) -> None:
        self._app = app
        self._base = base

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request."""
        inner = {name: value for name, value in environ.items() if name not in _PARTIAL}
        inner["HTTP_ACCEPT_ENCODING"] = "identity"
        path = environ["PATH_INFO"]
        if path == self._base or path.startswith(self._base + "/"):
            inner["PATH_INFO"] = path.removeprefix(self._base) or "/"
        told: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, exc_info: object = None) -> object:
            told.append((status, headers))
            return None

        parts = self._app(inner, start)  # type: ignore[arg-type]  # no WSGI writer: nothing here calls it
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()  # as PEP 3333 asks of whoever reads an answer
        status, headers = told[-1]
        body = self._rewritten(body, headers)
        start_response(status, self._headers(headers, len(body)))
        return [body]

    def _rewritten(self, body: bytes, headers: Headers) -> bytes:
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        if kind.startswith(_REWRITTEN):
            for before, path in PLACES:
                body = body.replace(before + path, before + self._base.encode() + path)
        return body

    def _headers(self, headers: Headers, length: int) -> Headers:
        rewritten: Headers = []
        for name, value in headers:
            if name.lower() == "location":
                parts = urlsplit(value)
                value = self._base + parts.path + (f"?{parts.query}" if parts.query else "")
            elif name.lower() == "content-length":
                value = str(length)
            rewritten.append((name, value))
        return rewritten
