"""What the dashboard serves, and to how many at once."""

import json
import socket
from http.client import HTTPConnection

import pytest

from hpo.errors import UsageError
from hpo.servers.base_path import PLACES, checked_base_path
from hpo.servers.dashboard import Visitors, guarded

TOKEN = "a-token-of-the-tests"


def artifact(ask, name: str):
    """What the dashboard serves as the artifact of that file name."""
    study = json.loads(ask("GET", "/api/studies/0").body)
    found = next(one["artifact_id"] for one in study["artifacts"] if one["filename"] == name)
    return ask("GET", f"/artifacts/0/{found}")


def test_uploads_are_never_pages_of_this_origin(ask) -> None:
    for name in ("page.html", "drawing.svg"):
        answer = artifact(ask, name)
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert artifact(ask, "plot.png").headers["Content-Type"] == "image/png"
    missing = ask("GET", "/artifacts/0/abc")
    assert (missing.status, missing.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")


def test_pages_cannot_be_framed_and_keep_their_own_policy(ask) -> None:
    page = ask("GET", "/dashboard/")
    assert page.headers["Content-Type"].startswith("text/html")
    own, ours = page.headers.get_all("Content-Security-Policy")
    assert "script-src 'self'" in own
    assert "frame-ancestors 'none'" in ours
    assert page.headers["X-Frame-Options"] == "DENY"


def test_below_a_base_path_every_path_has_it(ask) -> None:
    visitors = Visitors(base_path="/lab/hpo/")
    assert 'src="/lab/hpo/static/bundle.js"' in ask("GET", "/lab/hpo/dashboard", visitors=visitors).body
    # A proxy may take the base path away itself.
    script, at_root = ask("GET", "/static/bundle.js", visitors=visitors).body, ask("GET", "/static/bundle.js").body
    for before, path in PLACES[2:]:
        known, moved = (before + path).decode(), f"{before.decode()}/lab/hpo{path.decode()}"
        assert at_root.count(known) == script.count(moved) > 0
        assert known not in script
    assert ask("GET", "/lab/hpo/", visitors=visitors).headers["Location"] == "/lab/hpo/dashboard"
    entered = ask("GET", f"/lab/hpo/dashboard/?token={TOKEN}", token=TOKEN, visitors=visitors)
    assert entered.headers["Location"] == "/lab/hpo/dashboard/"
    with pytest.raises(UsageError, match="--base-path is 'hpo'"):
        checked_base_path("hpo")


def test_who_comes_while_all_threads_are_taken_is_told_so(dashboard, serving) -> None:
    with serving(guarded(dashboard, "127.0.0.1", None, Visitors()), threads=2) as port:
        silent = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(2)]
        with socket.create_connection(("127.0.0.1", port), timeout=20) as third:
            assert third.recv(100).startswith(b"HTTP/1.1 503 ")
        for one in silent:
            one.close()


def test_silent_visitors_are_let_go(dashboard, serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpo.servers.bounded._Handler.timeout", 0.1)
    with (
        serving(guarded(dashboard, "127.0.0.1", None, Visitors())) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as silent,
    ):
        silent.sendall(b"GET /api/studies HTT")
        assert silent.recv(100) == b""


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6_loopback(dashboard, serving) -> None:
    with serving(guarded(dashboard, "::1", None, Visitors()), host="::1") as port:
        connection = HTTPConnection("::1", port, timeout=20)
        connection.request("GET", "/api/studies")
        assert connection.getresponse().status == 200
        connection.close()
