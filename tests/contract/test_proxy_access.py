"""Who may call the proxy: those who show its token, over TLS where it has a certificate."""

import shutil
import socket
import subprocess
import threading

import grpc
import pytest

from certificates import make_certificates
from storage.errors import StorageError, StorageUnavailableError
from storage.proxy.access import server_credentials, token_from
from storage.proxy.server import start_proxy
from storage.retry import RetryPolicy
from storage.studies import create_study, study_names
from storage.trials.queue import TrialQueue

TOKEN = "a-token-of-the-tests-own"
SHORT = RetryPolicy(deadline_s=1.0)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch) -> None:
    for name in ("HPO_PROXY_TOKEN", "HPO_PROXY_TOKEN_FILE", "HPO_PROXY_CA"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def proxy(postgres_url):
    """Starts a proxy; returns its port."""
    started = []

    def start(**settings) -> int:
        started.append(start_proxy(postgres_url, port=0, threads=4, **settings))
        return started[-1].port

    yield start
    for each in started:
        each.stop(grace_s=0)


@pytest.fixture
def guarded(proxy, monkeypatch) -> str:
    """A proxy that asks for the token; its URL."""
    monkeypatch.setenv("HPO_PROXY_TOKEN", TOKEN)
    return f"grpc://127.0.0.1:{proxy(token=token_from({'HPO_PROXY_TOKEN': TOKEN}))}"


def test_who_shows_the_token_works_as_behind_any_proxy(guarded, open_url, worker):
    storage = open_url(guarded)
    queue = TrialQueue(storage, create_study(storage, "s").study_id)
    assert queue.claim(worker(), 1).number == 0
    assert study_names(storage) == ["s"]


def test_the_token_may_stand_in_a_file(guarded, open_url, monkeypatch, tmp_path):
    monkeypatch.delenv("HPO_PROXY_TOKEN")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("HPO_PROXY_TOKEN_FILE", str(tmp_path / "token"))
    assert study_names(open_url(guarded)) == []


@pytest.mark.parametrize(
    ("shown", "words"),
    [(None, "asks for a token"), (f"{TOKEN}-", "another than the proxy's"), (TOKEN.upper(), "another than")],
)
def test_who_shows_no_token_or_another_is_refused_and_told_what_to_do(guarded, open_url, monkeypatch, shown, words):
    if shown is None:
        monkeypatch.delenv("HPO_PROXY_TOKEN")
    else:
        monkeypatch.setenv("HPO_PROXY_TOKEN", shown)
    storage = open_url(guarded)
    asks = (storage.get_all_studies, lambda: storage.ledger.count_trials(1, 1), lambda: create_study(storage, "s"))
    for ask in asks:
        with pytest.raises(StorageError, match=words) as caught:
            ask()
        assert "HPO_PROXY_TOKEN" in caught.value.next_step
        assert TOKEN not in str(caught.value)
    monkeypatch.setenv("HPO_PROXY_TOKEN", TOKEN)
    assert study_names(open_url(guarded)) == []


def test_a_request_without_the_token_is_refused_before_it_is_read(guarded):
    refused = threading.Event()

    def nothing_until_refused():
        refused.wait(timeout=60)
        yield from ()

    with grpc.insecure_channel(guarded.removeprefix("grpc://")) as channel:
        answer = channel.stream_unary("/optuna.StorageService/GetAllStudies").future(
            nothing_until_refused(), timeout=30
        )
        with pytest.raises(grpc.RpcError) as caught:
            answer.result()
        refused.set()
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("text", ["", "short", "with blanks in it, so that it is none", "x" * 201, "ä" * 20])
def test_what_is_no_token_is_refused_and_not_shown(text, tmp_path):
    (tmp_path / "token").write_text(text)
    with pytest.raises(StorageError, match="holds no token") as caught:
        token_from({}, tmp_path / "token")
    assert "secrets.token_urlsafe" in caught.value.next_step
    assert not text or text not in str(caught.value)


def test_a_token_file_that_cannot_be_read_is_named(tmp_path):
    for place in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(StorageError, match="token file"):
            token_from({"HPO_PROXY_TOKEN_FILE": str(place)})


@pytest.fixture
def encrypted(proxy, certificates) -> int:
    """A proxy that speaks TLS; its port."""
    return proxy(tls=server_credentials(certificates.cert, certificates.key))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_client_that_knows_the_authority_speaks_tls(host, encrypted, certificates, open_url, worker, monkeypatch):
    monkeypatch.setenv("HPO_PROXY_CA", str(certificates.ca))
    storage = open_url(f"grpc://{host}:{encrypted}")
    queue = TrialQueue(storage, create_study(storage, "s").study_id)
    assert queue.claim(worker(), 1).number == 0


def test_a_client_that_knows_another_authority_speaks_to_nobody(encrypted, open_url, monkeypatch, tmp_path):
    monkeypatch.setenv("HPO_PROXY_CA", str(make_certificates(tmp_path / "others").ca))
    # gRPC tells the last of localhost's addresses that it tried: at the one of IPv6 nobody listens.
    with pytest.raises(StorageUnavailableError, match=r"handshake failed|Failed to connect to remote") as caught:
        open_url(f"grpc://localhost:{encrypted}", opening=SHORT)
    assert "HPO_PROXY_CA" in caught.value.next_step


def test_a_certificate_for_another_name_is_refused(encrypted, certificates, open_url, monkeypatch):
    """The machine's name leads to this proxy, and its certificate says localhost."""
    name = socket.gethostname()
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        pytest.skip("this machine's name leads nowhere")
    monkeypatch.setenv("HPO_PROXY_CA", str(certificates.ca))
    with pytest.raises(StorageUnavailableError):
        open_url(f"grpc://{name}:{encrypted}", opening=SHORT)


def test_a_client_without_tls_is_told_of_it(encrypted, open_url):
    with pytest.raises(StorageUnavailableError, match="does not answer") as caught:
        open_url(f"grpc://localhost:{encrypted}", opening=SHORT)
    assert "--tls-cert" in caught.value.next_step
    assert "HPO_PROXY_CA" in caught.value.next_step


def test_a_client_with_an_authority_sends_nothing_to_a_proxy_without_tls(proxy, certificates, open_url, monkeypatch):
    monkeypatch.setenv("HPO_PROXY_CA", str(certificates.ca))
    with pytest.raises(StorageUnavailableError, match="does not answer"):
        open_url(f"grpc://localhost:{proxy()}", opening=SHORT)


def test_files_that_are_no_certificates_are_named(certificates, open_url, monkeypatch, tmp_path):
    others = make_certificates(tmp_path / "others")
    for cert, key in ((certificates.cert, others.key), (certificates.key, certificates.key), (tmp_path, others.key)):
        with pytest.raises(StorageError, match="certificate"):
            server_credentials(cert, key)
    (tmp_path / "empty.pem").touch()
    for place in (tmp_path / "nowhere.pem", tmp_path / "empty.pem", certificates.key):
        monkeypatch.setenv("HPO_PROXY_CA", str(place))
        with pytest.raises(StorageError, match="CA file"):
            open_url("grpc://localhost:1", opening=SHORT)


def test_a_locked_key_is_not_asked_for_its_password(certificates, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    locked = tmp_path / "locked.key"
    command = ["openssl", "pkey", "-in", certificates.key, "-aes256", "-passout", "pass:geheim", "-out", locked]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(StorageError, match="unlocked"):
        server_credentials(certificates.cert, locked)
