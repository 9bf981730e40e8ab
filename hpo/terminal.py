"""What people see on stderr while something takes a while, and how long that is in words."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from hpo.printable import printable
from storage.secrets import without_secrets

_through_log = False


def say_through_log() -> None:
    """Lets all talk of this process go through its log from now on: whoever reads that as JSON reads nothing else."""
    global _through_log
    _through_log = True


def say(text: str, level: int = logging.INFO) -> None:
    """Talk goes to stderr, results to stdout; without secrets, and without characters that command a terminal.

    Args:
        text: What to say.
        level: How much it matters, where talk goes through the log.
    """
    if _through_log:
        logging.getLogger("hpo").log(level, "%s", text)
    else:
        print(printable(without_secrets(text)), file=sys.stderr)


def show(text: str) -> None:
    """Prints a result to stdout, as `say` prints talk."""
    print(printable(without_secrets(text, results=True)))


@contextmanager
def step(what: str, *, long: bool = False) -> Iterator[None]:
    """A spinner beside a step that takes a while; where stderr is not a terminal, a line if it may take minutes."""
    console = Console(stderr=True)
    if not console.is_terminal:
        if long:
            say(f"{what} ...")
        yield
        return
    with console.status(escape(printable(what))):
        yield


def moment(iso: str) -> str:
    """Writes a moment of ISO 8601 to the minute, in UTC; anything else as it is."""
    try:
        return f"{datetime.fromisoformat(iso).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return iso


def duration(seconds: float) -> str:
    """Seconds for people: 42 s, 3 min, 2 h 05 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
