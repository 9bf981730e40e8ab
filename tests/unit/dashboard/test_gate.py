"""Who is let in."""

import json
import socket
from pathlib import Path

import pytest

from hpo.errors import UsageError
from hpo.servers.admission import MAX_BODY_BYTES, host_name, is_loopback
from hpo.servers.dashboard import Visitors
from hpo.servers.token import Token, token_for

EVERYWHERE = "0.0.0.0"  # noqa: S104
TOKEN = "a-token-of-the-tests"
NOTE = '{"version": 1, "body": "b"}'
#: Asks to delete a study that is not there: 404 where the request is let in.
DELETE = ("DELETE", "/api/studies/7", '{"remove_associated_artifacts": false}')


@pytest.mark.parametrize("name", ["127.0.0.1:PORT", "localhost:PORT", "LOCALHOST", "[::1]:PORT", "localhost."])
def test_own_names_are_let_in(ask, name: str) -> None:
    assert ask("GET", "/api/studies", Host=name).status == 200


@pytest.mark.parametrize(
    "name",
    ["rebound.example:PORT", "localhost.evil.example", "evil@localhost", "localhost, evil.example", "", "10.1.2.3"],
)
def test_a_name_that_is_rebound_to_this_machine_reads_nothing(ask, name: str) -> None:
    answer = ask("GET", "/api/studies", Host=name)
    assert answer.status == 403
    assert "--allow-host" in answer.body
    assert "study_summaries" not in answer.body


@pytest.mark.parametrize("named", ["Genes.example", "genes.example.", "genes.example:8443"])
def test_further_names_are_allowed_by_option(ask, named: str) -> None:
    visitors = Visitors(allowed_hosts=(named,))
    assert ask("GET", "/api/studies", Host="genes.example", visitors=visitors).status == 200
    assert ask("GET", "/api/studies", Host="other.example", visitors=visitors).status == 403


def test_bound_to_all_addresses_any_address_is_a_name_and_no_foreign_name_is(ask) -> None:
    assert ask("GET", "/api/studies", host=EVERYWHERE, Host="10.1.2.3:PORT").status == 200
    assert ask("GET", "/api/studies", host=EVERYWHERE, Host=f"{socket.gethostname()}:PORT").status == 200
    assert ask("GET", "/api/studies", host=EVERYWHERE, Host="rebound.example").status == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://localhost:PORT", "file://"]
)
def test_pages_of_other_sites_change_nothing(ask, origin: str) -> None:
    assert ask(*DELETE, Origin=origin).status == 403
    assert ask(*DELETE, Origin="http://127.0.0.1:PORT").status == 404


def test_a_proxy_may_send_its_own_host(ask) -> None:
    visitors = Visitors(allowed_hosts=("genes.example",))
    assert ask(*DELETE, Origin="https://genes.example", visitors=visitors).status == 404


def test_a_token_opens_and_becomes_a_cookie(ask) -> None:
    for shown in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "hpo-dashboard-PORT=wrong"}):
        assert ask("GET", "/api/studies", token=TOKEN, **shown).status == 403
    assert ask("GET", "/dashboard/?token=wrong", token=TOKEN).status == 403
    entered = ask("GET", f"//evil.example/dashboard?token={TOKEN}&a=b", token=TOKEN)
    assert (entered.status, entered.headers["Location"]) == (303, "/evil.example/dashboard?a=b")
    elsewhere = ask("GET", f"/%5Cevil.example%0D%0AX:%20y?token={TOKEN}", token=TOKEN)
    assert (elsewhere.headers["Location"], elsewhere.headers["X"]) == ("/%5Cevil.example%0D%0AX%3A%20y", None)
    cookie = entered.headers["Set-Cookie"]
    assert cookie.endswith("; HttpOnly; SameSite=Lax")
    assert cookie.partition("=")[2].startswith(TOKEN)
    assert ask("GET", "/api/studies", token=TOKEN, Cookie=f"a=b; hpo-dashboard-PORT={TOKEN}").status == 200
    assert ask("GET", "/api/studies", token=TOKEN, Authorization=f"Bearer {TOKEN}").status == 200
    assert ask("GET", f"/dashboard/?token={TOKEN}", token=TOKEN, Host="evil.example").status == 403


def test_read_only_refuses_what_changes_something(ask) -> None:
    looking = Visitors(read_only=True)
    assert ask("GET", "/api/studies", visitors=looking).status == 200
    for method, path in (("PUT", "/api/studies/0/note"), ("POST", "/api/studies"), ("DELETE", "/api/studies/0")):
        answer = ask(method, path, NOTE, visitors=looking)
        assert answer.status == 403
        assert "--read-only" in json.loads(answer.body)["reason"]
    assert ask("PUT", "/api/studies/0/note", NOTE).status == 204


def test_a_body_is_bounded(ask) -> None:
    answer = ask("POST", "/api/studies", "{}", Content_Length=str(MAX_BODY_BYTES + 1))
    assert answer.status == 413
    assert str(MAX_BODY_BYTES) in answer.body
    assert ask("POST", "/api/studies", "{}", Content_Length="-1").status == 411
    assert ask("POST", "/api/studies", "0\r\n\r\n", Transfer_Encoding="chunked").status == 411


def test_a_token_is_asked_for_beyond_loopback_and_is_never_short(tmp_path: Path) -> None:
    made = token_for(None, None, True, {})
    assert made is not None
    assert made.is_new
    assert len(made.text) > 40
    assert token_for(None, None, False, {}) is None
    assert token_for(False, None, True, {}) is None
    assert token_for(True, None, False, {"HPO_TOKEN": TOKEN}) == Token(TOKEN, is_new=False)
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert token_for(None, tmp_path / "token", False, {}) == Token(TOKEN, is_new=False)
    with pytest.raises(UsageError, match="HPO_TOKEN holds no token: 5 characters"):
        token_for(None, None, False, {"HPO_TOKEN": "short"})
    with pytest.raises(UsageError, match="cannot be read"):
        token_for(None, tmp_path / "none", False, {})
    with pytest.raises(UsageError, match="--no-token is said"):
        token_for(False, None, False, {"HPO_TOKEN": TOKEN})


def test_names_and_addresses() -> None:
    assert host_name("[::1]:80") == "::1"
    assert host_name("a b") is None
    assert all(is_loopback(one) for one in ("127.0.0.1", "::1", "localhost"))
    assert not any(is_loopback(one) for one in (EVERYWHERE, "::", "genes.example"))
