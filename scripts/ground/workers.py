"""Parents of worker processes that a script starts, and knows again by a mark in their environment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

MARK = "HPO_CHAOS_MARK"


@dataclass(kw_only=True)
class Parent:
    """One `hpo worker --workers K`, started again whenever it ends early, as a scheduler does.

    Args:
        name: For the table.
        environment: Storage, study, artifacts, and the mark.
        prefix: What the command line begins with.
        workers: K.
        log: Its and its children's stderr.
    """

    name: str
    environment: Mapping[str, str]
    workers: int
    log: IO[bytes]
    prefix: Sequence[str] = ()
    exit_codes: list[int] = field(default_factory=list)

    def start(self) -> None:
        """Starts it."""
        command = [*self.prefix, sys.executable, "-m", "hpo", "worker", "--device", "cpu"]
        self.process = subprocess.Popen(
            [*command, "--workers", str(self.workers)],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self.log,
            start_new_session=True,
        )

    def ended(self) -> int | None:
        """Its exit code if it has ended."""
        return self.process.poll()

    def last_word(self, within_s: float) -> int | None:
        """Its exit code, waited for; None where it does not end."""
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(within_s)
        return None

    def children(self) -> list[int]:
        """The process ids of its workers."""
        pid = self.process.pid
        with suppress(OSError):
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []

    def terminate(self, grace_s: float) -> float:
        """SIGTERM; returns how long it took to end, and notes its exit code."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.exit_codes.append(self.process.wait(grace_s))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.exit_codes.append(self.process.wait())
        return time.monotonic() - started


def marked(mark: str) -> list[int]:
    """The processes that carry the mark, this one left out."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with suppress(OSError):
            # A zombie has ended; its environment reads as empty.
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def kill(pid: int) -> bool:
    """SIGKILL; says whether there was such a process."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
