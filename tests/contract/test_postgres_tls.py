"""`sslmode=verify-full` in a storage's URL: only a server with the right certificate is spoken to."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from certificates import Certificates, make_certificates
from storage.errors import StorageUnavailableError
from storage.retry import RetryPolicy
from storage.studies import create_study, study_names
from storage.trials.queue import TrialQueue
from tls_in_front import tls_in_front_of


@pytest.fixture
def certificates(tmp_path) -> Certificates:
    return make_certificates(tmp_path / "ours")


@pytest.fixture
def url(postgres_url, certificates) -> Iterator[Callable[[str, Path], str]]:
    """Makes a URL of the database over TLS, for a host and the certificate of an authority."""
    given = make_url(postgres_url)
    folder, port = given.query.get("host"), given.query.get("port", 5432)
    if not isinstance(folder, str):
        pytest.skip("this server listens on no socket")
    with tls_in_front_of(f"{folder}/.s.PGSQL.{port}", certificates) as tls_port:
        yield (
            lambda host, ca: (
                f"postgresql://{given.username}@{host}:{tls_port}/tables?sslmode=verify-full&sslrootcert={ca}"
            )
        )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_server_whose_certificate_is_right_is_worked_with(host, url, certificates, open_url, worker):
    storage = open_url(url(host, certificates.ca))
    with storage.inner.engine.connect() as connection:
        assert connection.connection.driver_connection.pgconn.ssl_in_use
    queue = TrialQueue(storage, create_study(storage, "s").study_id)
    assert queue.claim(worker(), 1).number == 0
    assert study_names(storage) == ["s"]
    storage.close()


def test_a_server_that_another_authority_vouches_for_is_not_spoken_to(url, tmp_path, open_url):
    others = make_certificates(tmp_path / "others")
    with pytest.raises(StorageUnavailableError, match=r"SSL|certificate"):
        open_url(url("localhost", others.ca), opening=RetryPolicy(deadline_s=0.5))


def test_a_server_whose_certificate_is_for_another_name_is_not_spoken_to(url, certificates, open_url):
    """An address that leads to the same server, and for which it has no certificate."""
    with pytest.raises(StorageUnavailableError, match="certificate"):
        open_url(url("127.0.0.2", certificates.ca), opening=RetryPolicy(deadline_s=0.5))
