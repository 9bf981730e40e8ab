"""`hpo proxy`: Optuna's gRPC service in front of Postgres, until asked to stop."""

from hpo.servers.admission import is_loopback
from hpo.signals import on_stop
from hpo.terminal import say
from storage.proxy.server import start_proxy


def serve(storage_url: str, host: str, port: int) -> None:
    """Serves until SIGTERM or Ctrl-C; calls at work are finished.

    Raises:
        StorageError: Postgres does not answer, or the port is taken.
    """
    with on_stop() as stop:
        proxy = start_proxy(storage_url, host=host, port=port)
        if not is_loopback(host):
            say("Warning: the proxy has neither encryption nor log-in; whoever reaches it can change studies.")
        print(f"grpc://{proxy.host}:{proxy.port}", flush=True)
        while not stop.wait(0.5):
            pass
        proxy.stop()
