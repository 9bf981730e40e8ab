"""`hpo proxy`: Optuna's gRPC service in front of Postgres, until asked to stop."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from hpo.errors import UsageError
from hpo.servers.admission import is_loopback
from hpo.signals import on_stop
from hpo.terminal import say
from storage.proxy.access import CA, TOKEN, server_credentials, token_from
from storage.proxy.server import start_proxy

_NO_TOKEN = (
    f"Warning: without a token, whoever reaches this address can read and change all studies. Set {TOKEN} here and for "
    "the workers, or give --token-file."
)
_NO_TLS = (
    "Warning: without TLS, whoever listens on the way can read {what}. Give --tls-cert and --tls-key here, and the "
    f"workers {CA}."
)


@dataclass(frozen=True, kw_only=True)
class Callers:
    """Who may call, and over which way, as the command line says it."""

    #: Certificate and key in PEM.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    token_file: Path | None = None


def serve(storage_url: str, host: str, port: int, callers: Callers) -> None:
    """Serves until SIGTERM or Ctrl-C; calls at work get some seconds to finish.

    Raises:
        UsageError: A certificate without a key, or a key without a certificate.
        StorageError: Postgres does not answer, the port is taken, or a file cannot be used.
    """
    if (callers.tls_cert is None) != (callers.tls_key is None):
        raise UsageError("--tls-cert and --tls-key go together.", "Give both, or neither.")
    token = token_from(os.environ, callers.token_file)
    tls = server_credentials(callers.tls_cert, callers.tls_key) if callers.tls_cert and callers.tls_key else None
    proxy = start_proxy(storage_url, host=host, port=port, token=token, tls=tls)
    # Not before: until it listens there is nothing to end well, and a signal may end it where it is.
    with on_stop() as stop:
        if not is_loopback(host.strip("[]")):
            _warn(token is not None, tls is not None)
        print(f"grpc://{proxy.host}:{proxy.port}", flush=True)
        while not stop.wait(0.5):
            pass
        if not proxy.stop():
            _end_now()


def _warn(has_token: bool, has_tls: bool) -> None:
    if not has_token:
        say(_NO_TOKEN)
    if not has_tls:
        say(_NO_TLS.format(what="the token and the studies" if has_token else "the studies"))


def _end_now() -> None:
    """Ends without waiting for threads that wait for the database, which takes back what they have begun."""
    say("Some calls have not ended in time; they are given up, and the database takes back what they have begun.")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
