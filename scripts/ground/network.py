"""A network of the script's own that can be cut: a namespace, and a pair of virtual cards between it and the host."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: From the block that RFC 2544 keeps for tests.
SUBNET = "198.18.77.0/24"
HOST, GUEST = "198.18.77.1", "198.18.77.2"
_NAME = "hpo-chaos-"


@dataclass(frozen=True)
class Namespace:
    """A network namespace whose only way out is a cable to this host."""

    name: str
    card: str

    @property
    def prefix(self) -> list[str]:
        """What a command line begins with that runs inside."""
        return ["ip", "netns", "exec", self.name]

    def cut(self) -> None:
        """Pulls the cable: packets are lost in silence, as in a broken network."""
        _ip("link", "set", self.card, "down")

    def mend(self) -> None:
        """Plugs it in again."""
        _ip("link", "set", self.card, "up")


@contextmanager
def namespace() -> Iterator[Namespace | None]:
    """A namespace for the body of `with`; None where this machine does not allow one."""
    made = Namespace(f"{_NAME}{os.getpid()}", f"hpo{os.getpid()}")
    if not _is_possible(made):
        yield None
        return
    _clear_away_others()
    try:
        guest = f"{made.card}g"
        _ip("link", "add", made.card, "type", "veth", "peer", "name", guest)
        _ip("link", "set", guest, "netns", made.name)
        _ip("addr", "add", f"{HOST}/24", "dev", made.card)
        _ip("link", "set", made.card, "up")
        for command in (
            ("addr", "add", f"{GUEST}/24", "dev", guest),
            ("link", "set", guest, "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", made.name, *command)
        yield made
    finally:
        subprocess.run(["ip", "link", "del", made.card], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", made.name], check=False, capture_output=True)


def _clear_away_others() -> None:
    """Removes what runs that were killed have left: two cards with one address, and nothing arrives.

    Raises:
        SystemExit: Another run goes on.
    """
    listed = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout
    for name in (line.split()[0] for line in listed.splitlines() if line.startswith(_NAME)):
        pid = name.removeprefix(_NAME)
        if pid == str(os.getpid()):
            continue
        if Path(f"/proc/{pid}").exists():
            _ip("netns", "del", f"{_NAME}{os.getpid()}")
            raise SystemExit(f"Process {pid} uses {SUBNET} already: one run at a time.")
        # Its cable goes with it.
        _ip("netns", "del", name)


def _is_possible(made: Namespace) -> bool:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    return subprocess.run(["ip", "netns", "add", made.name], check=False, capture_output=True).returncode == 0


def _ip(*command: str) -> None:
    subprocess.run(["ip", *command], check=True, capture_output=True)
