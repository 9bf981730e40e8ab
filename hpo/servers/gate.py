"""The gate in front of the dashboard's WSGI app: who is refused reads why, and who comes with a link gets a cookie."""

import json
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import parse_qsl, quote, urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hpo.servers.admission import Admission, Refused, cookie_name
from hpo.servers.served import Headers, protected

_DRAINED_BYTES = 2**16


class Gate:
    """The dashboard's app behind its admission.

    Args:
        app: optuna-dashboard's.
        admission: Who is let in.
    """

    def __init__(self, app: WSGIApplication, admission: Admission) -> None:
        self._app = app
        self._admission = admission

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request."""
        path = environ["PATH_INFO"]
        environ.setdefault("HTTP_ACCEPT_ENCODING", "identity")  # optuna-dashboard fails where there is none

        def start(status: str, headers: Headers, exc_info: object = None) -> object:
            return start_response(status, protected(path, status, headers), exc_info)  # type: ignore[arg-type]

        try:
            entered = self._entered_with_link(environ)
            if entered is not None:
                start("303 See Other", entered)
                return [b""]
            self._admission.check(environ)
        except Refused as refused:
            return _answer(refused, environ, start_response)
        return self._app(environ, start)  # type: ignore[arg-type]  # WSGI: its writer is passed on unseen

    def _entered_with_link(self, environ: WSGIEnvironment) -> Headers | None:
        """Turns the link's token into a cookie, so that it stands in no later address, history or referrer."""
        query = parse_qsl(environ.get("QUERY_STRING", ""))
        shown = dict(query).get("token", "")
        if environ["REQUEST_METHOD"] != "GET" or not self._admission.knows(shown):
            return None
        self._admission.check({**environ, "HTTP_AUTHORIZATION": f"Bearer {shown}"})
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        # One slash only, and quoted: two slashes or a backslash lead to another host, a line's end to another header.
        location = "/" + quote(environ["PATH_INFO"].lstrip("/")) + (f"?{rest}" if rest else "")
        cookie = f"{cookie_name(environ)}={shown}; Path=/; HttpOnly; SameSite=Lax"
        return [("Location", location), ("Set-Cookie", cookie), ("Cache-Control", "no-store")]


def _answer(refused: Refused, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    # A connection that is closed with unread bytes is reset, and the visitor never sees why.
    if environ.get("CONTENT_LENGTH", "").strip("0"):
        with suppress(OSError):
            environ["wsgi.input"].read1(_DRAINED_BYTES)
    path, is_json = environ["PATH_INFO"], environ["PATH_INFO"].startswith("/api/")
    body = json.dumps({"reason": refused.reason}) if is_json else refused.reason + "\n"
    kind = "application/json" if is_json else "text/plain; charset=utf-8"
    headers = [("Content-Type", kind), ("Content-Length", str(len(body.encode()))), ("Cache-Control", "no-store")]
    start_response(refused.status, protected(path, refused.status, headers))
    return [body.encode()]
